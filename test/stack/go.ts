import { join } from 'node:path';
import { lt } from 'semver';
import { Failure } from '../../src/base';
import { runCommand } from '../../src/tools';
import { unpackDebianPackages } from './debian';
import { acquirePart, type Source } from './sources';
import type { StackContext } from './types';

/** A Go toolchain: how to start it, and the environment it needs besides its caller's. */
export interface GoToolchain {
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The oldest Go that builds all we build: the go line of the node image's module. */
const OLDEST_GO = '1.24.0';

/** The machine's Go when it is new enough, else Debian's, unpacked into the cache. Modules and builds go to Go's own caches. */
export async function goToolchain(context: StackContext, report: (detail: string) => void): Promise<GoToolchain> {
  if (await isGoFitting(context.signal)) return { program: 'go', env: {} };
  const entry = await acquirePart(context, 'Go', [debianGo(context)], report);
  const root = join(entry.folder, 'usr/lib/go-1.24');
  return { program: join(root, 'bin/go'), env: { GOROOT: root } };
}

async function isGoFitting(signal: AbortSignal): Promise<boolean> {
  try {
    const { stdout } = await runCommand({ program: 'go', args: ['version'] }, { signal });
    const version = /go(\d+\.\d+)(\.\d+)?/.exec(stdout);
    return version?.[1] !== undefined && !lt(`${version[1]}${version[2] ?? '.0'}`, OLDEST_GO);
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

function debianGo(context: StackContext): Source {
  const packages = { suite: 'trixie', names: ['golang-1.24-go', 'golang-1.24-src'] };
  return {
    label: 'Debian packages golang-1.24',
    recipe: { name: 'go', inputs: packages },
    make: (folder, report) => unpackDebianPackages(context, packages, folder, report),
  };
}
