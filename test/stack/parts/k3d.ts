import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../../src/tools';
import { download } from '../download';
import { goToolchain } from '../go';
import { thisPlatform } from '../platform';
import type { StackContext } from '../types';
import type { Tool, ToolSource } from './tool';

const VERSION = '5.8.3';
const MODULE = 'github.com/k3d-io/k3d/v5';
const FLAGS = ['-trimpath', '-ldflags', `-s -w -X ${MODULE}/version.Version=v${VERSION}`] as const;

export const k3d: Tool = {
  name: 'k3d',
  version: VERSION,
  links: ['k3d'],
  sources: (context) => [release(context), goModule(context)],
};

function release(context: StackContext): ToolSource {
  const name = `k3d-linux-${thisPlatform().go}`;
  const base = `https://github.com/k3d-io/k3d/releases/download/v${VERSION}`;
  return {
    label: 'github.com release',
    host: 'github.com',
    recipe: { name: 'k3d', inputs: { release: `${base}/${name}` } },
    program: 'k3d',
    async make(folder, report) {
      const file = join(folder, name);
      await download({ url: `${base}/${name}`, file, checksumUrl: `${base}/checksums.txt` }, report, context.signal);
      await copyFile(file, join(folder, 'k3d'));
      await chmod(join(folder, 'k3d'), 0o755);
    },
  };
}

/**
 * `go install …@v5.8.3` asks for the list of versions, which not every module proxy serves; a module that requires
 * the exact version does not.
 */
function goModule(context: StackContext): ToolSource {
  return {
    label: 'built from its Go module',
    recipe: { name: 'k3d', inputs: { module: MODULE, version: VERSION, flags: FLAGS, platform: thisPlatform().go } },
    program: 'k3d',
    make: (folder, report) =>
      context.cache.withTemporaryFolder(async (work) => {
        const go = await goToolchain(context, report);
        const module = join(work, 'module');
        await mkdir(module);
        await writeFile(join(module, 'go.mod'), `module vapp/k3d\n\ngo 1.24.0\n\nrequire ${MODULE} v${VERSION}\n`);
        await writeFile(join(module, 'tools.go'), `//go:build tools\n\npackage tools\n\nimport _ "${MODULE}"\n`);
        const run = (args: readonly string[]) =>
          runCommand(
            { program: go.program, args, cwd: module, env: { ...go.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod' } },
            { signal: context.signal, onLine: (line) => report(line.trim()) },
          );
        report('resolving modules');
        await run(['mod', 'tidy']);
        report('compiling');
        await run(['build', ...FLAGS, '-o', join(folder, 'k3d'), MODULE]);
      }),
  };
}
