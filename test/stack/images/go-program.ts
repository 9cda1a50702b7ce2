import { join } from 'node:path';
import { goToolchain } from '../go';
import { thisPlatform } from '../platform';
import type { Recipe, StackContext } from '../types';
import type { GoProgram } from './catalog';
import { runLogged } from './logged';
import { hashSources, SOURCES } from './sources';

/** What decides a program's content. The toolchain does not: its version leaves behaviour as it is. */
export async function programRecipe(program: GoProgram): Promise<Recipe> {
  return {
    name: `program-${program.name}`,
    inputs: {
      sources: await hashSources(join(SOURCES, program.module)),
      stamps: program.stamps ?? {},
      ...(program.package === undefined ? {} : { package: program.package }),
      platform: thisPlatform().go,
    },
  };
}

/** Builds a program statically, unless the cache has it. Go's own caches make what is unchanged quick. */
export async function ensureProgram(
  context: StackContext,
  program: GoProgram,
  report: (detail: string) => void,
): Promise<string> {
  const entry = await context.cache.ensure(await programRecipe(program), async (folder) => {
    report(`building ${program.name}`);
    const go = await goToolchain(context, report);
    const stamps = Object.entries(program.stamps ?? {}).map(([name, value]) => `-X ${name}=${value}`);
    await runLogged(context, `program-${program.name}`, {
      program: go.program,
      args: [
        'build',
        '-trimpath',
        '-buildvcs=false',
        '-ldflags',
        ['-s -w', ...stamps].join(' '),
        '-o',
        join(folder, program.name),
        program.package ?? '.',
      ],
      cwd: join(SOURCES, program.module),
      env: { ...context.env, ...go.env, CGO_ENABLED: '0' },
    });
    return 'built from Go modules';
  });
  return entry.folder;
}
