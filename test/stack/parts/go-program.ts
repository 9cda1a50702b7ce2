import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../../src/tools';
import { goToolchain } from '../go';
import { thisPlatform } from '../platform';
import type { StackContext } from '../types';
import type { ToolSource } from './tool';

/** A program that a module proxy serves as source. */
export interface GoProgram {
  readonly name: string;
  readonly module: string;
  /** Without the leading `v`. */
  readonly version: string;
  /** The package of its main function. */
  readonly package: string;
  readonly ldflags?: string;
  /** `replace` lines of its own go.mod, which count only in a main module: path → version. */
  readonly replace?: Readonly<Record<string, string>>;
}

/**
 * Builds a program of a Go module at one exact version. `go install …@version` asks for the list of versions, which
 * not every module proxy serves, and ignores `replace` lines; a module that requires the exact version does neither.
 */
export function goProgramSource(context: StackContext, program: GoProgram): ToolSource {
  const flags = ['-trimpath', '-ldflags', program.ldflags ?? '-s -w'];
  return {
    label: 'built from its Go module',
    recipe: { name: program.name, inputs: { ...program, flags, platform: thisPlatform().go } },
    program: program.name,
    make: (folder, report) =>
      context.cache.withTemporaryFolder(async (work) => {
        const go = await goToolchain(context, report);
        const module = join(work, 'module');
        await mkdir(module);
        await writeFile(join(module, 'go.mod'), goMod(program));
        report('compiling');
        await runCommand(
          {
            program: go.program,
            args: ['build', ...flags, '-o', join(folder, program.name), program.package],
            cwd: module,
            env: { ...go.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod' },
          },
          { signal: context.signal, onLine: (line) => report(line.trim()) },
        );
      }),
  };
}

function goMod({ name, module, version, replace = {} }: GoProgram): string {
  const lines = [`module vapp/${name}`, '', 'go 1.24.0', '', `require ${module} v${version}`];
  for (const [path, replacement] of Object.entries(replace)) lines.push(`replace ${path} => ${path} v${replacement}`);
  return `${lines.join('\n')}\n`;
}
