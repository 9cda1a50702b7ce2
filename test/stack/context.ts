import { mkdir } from 'node:fs/promises';
import { lock } from 'proper-lockfile';
import { sleep } from '../../src/base';
import { Toolbox } from '../../src/tools';
import { FolderCache } from './cache';
import { ownEngineHost } from './engine/own';
import { withStack } from './environment';
import type { Layout } from './layout';
import type { OfficialHost, Progress, StackContext } from './types';

export interface ContextParts {
  readonly layout: Layout;
  readonly reachable: ReadonlySet<OfficialHost>;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** The engine to talk to. Without one, our own is meant, running or not. */
  readonly dockerHost?: string;
}

/** What the parts of the stack work with. */
export function createContext({ layout, reachable, progress, signal, dockerHost }: ContextParts): StackContext & {
  readonly cache: FolderCache;
} {
  const host = dockerHost ?? ownEngineHost(layout);
  const env = withStack(process.env, layout, { env: { DOCKER_HOST: host, DOCKER_CONFIG: layout.dockerConfig } });
  return {
    cache: new FolderCache(layout.cache),
    reachable: (name) => reachable.has(name),
    progress,
    signal,
    env,
    toolbox: new Toolbox(env),
  };
}

/**
 * The environment in which the user's own engine is looked for: what an earlier `setup -- --env` put into the shell
 * does not count.
 */
export function userEnvironment(layout: Layout, base: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const env = { ...base };
  if (env['DOCKER_HOST'] === ownEngineHost(layout)) delete env['DOCKER_HOST'];
  if (env['DOCKER_CONFIG'] === layout.dockerConfig) delete env['DOCKER_CONFIG'];
  return env;
}

const LOCK_RETRY_MS = 500;

/**
 * Runs `work` while no other setup or teardown of this user runs.
 *
 * @throws Cancelled when the signal fires while it waits for its turn.
 */
export async function withSetupLock<T>(
  layout: Layout,
  progress: Progress,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  await mkdir(layout.cache, { recursive: true });
  const release = await acquireLock(layout, progress, signal);
  try {
    return await work();
  } finally {
    await release();
  }
}

async function acquireLock(
  layout: Layout,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<() => Promise<void>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await lock(layout.cache, { stale: 15_000, update: 5000, lockfilePath: `${layout.cache}/setup.lock` });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
    }
    if (attempt === 1) progress.note('another setup or teardown is running: waiting for it');
    await sleep(LOCK_RETRY_MS, signal);
  }
}
