import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Failure } from '../../src/base';
import { isOwnEngineRunning } from './engine/own';
import { layoutFor, type Layout } from './layout';
import { readState, type StackState } from './state';

/**
 * The environment in which the tools of the stack are found and reach its engine. Prints nothing.
 *
 * @throws Failure `stack-missing` when setup has not been run, `stack-stopped` when its engine does not run any more.
 */
export async function stackEnvironment(base: NodeJS.ProcessEnv = process.env): Promise<NodeJS.ProcessEnv> {
  const layout = layoutFor(base);
  const state = await readState(layout);
  if (!state?.complete || !(await exists(join(layout.bin, 'docker')))) {
    throw new Failure({
      code: 'stack-missing',
      fault: 'environment',
      summary: 'The stack (Docker Engine, k3d, Helm, kubectl and images) has not been set up, or not to the end.',
      nextSteps: ['Run `npm run setup`.'],
    });
  }
  if (state.engine.kind === 'own' && !(await isOwnEngineRunning(layout))) {
    throw new Failure({
      code: 'stack-stopped',
      fault: 'environment',
      summary: 'The Docker engine that setup started does not run any more.',
      nextSteps: ['Run `npm run setup`: everything is in the cache, so it takes seconds.'],
    });
  }
  return withStack(base, layout, state);
}

/** `base` with the stack's variables, and its tools first in PATH. */
export function withStack(base: NodeJS.ProcessEnv, layout: Layout, state: Pick<StackState, 'env'>): NodeJS.ProcessEnv {
  const others = (base['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '' && folder !== layout.bin);
  return { ...base, ...state.env, PATH: [layout.bin, ...others].join(delimiter) };
}

/** Lines for a POSIX shell that set the stack's variables; values are single-quoted. */
export function exportLines(layout: Layout, state: Pick<StackState, 'env'>): string {
  const quote = (value: string) => `'${value.replaceAll("'", `'\\''`)}'`;
  return [
    ...Object.entries(state.env).map(([name, value]) => `export ${name}=${quote(value)}`),
    `export PATH=${quote(layout.bin)}:"$PATH"`,
  ]
    .map((line) => `${line}\n`)
    .join('');
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
