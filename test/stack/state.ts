import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Layout } from './layout';

/** What the last finished setup arrived at: all that is needed to use the stack, and to take it away. */
export interface StackState {
  /** Whether setup got to its end; until then there is something to take away, but nothing to use. */
  readonly complete: boolean;
  readonly engine: {
    /** Ours is started and stopped by us; an existing one belongs to the user. */
    readonly kind: 'own' | 'existing';
    readonly host: string;
    /** Where it comes from, for people. */
    readonly source: string;
    readonly version: string;
  };
  /** Variables of the stack, besides PATH. */
  readonly env: Readonly<Record<string, string>>;
}

/** The state, when a setup has got as far as to write one. */
export async function readState(layout: Layout): Promise<StackState | undefined> {
  try {
    return JSON.parse(await readFile(layout.state, 'utf8')) as StackState;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces the state as a whole. */
export async function writeState(layout: Layout, state: StackState): Promise<void> {
  await mkdir(dirname(layout.state), { recursive: true });
  const draft = `${layout.state}.new`;
  await writeFile(draft, `${JSON.stringify(state, null, 2)}\n`);
  await rename(draft, layout.state);
}

export async function forgetState(layout: Layout): Promise<void> {
  await rm(layout.state, { force: true });
}
