import { mkdir } from 'node:fs/promises';
import { lock } from 'proper-lockfile';
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

/** Runs `work` while no other setup or teardown of this user runs. */
export async function withSetupLock<T>(layout: Layout, progress: Progress, work: () => Promise<T>): Promise<T> {
  await mkdir(layout.cache, { recursive: true });
  const options = { stale: 15_000, update: 5000, lockfilePath: `${layout.cache}/setup.lock` };
  let release: () => Promise<void>;
  try {
    release = await lock(layout.cache, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
    progress.note('another setup or teardown is running: waiting for it');
    release = await lock(layout.cache, {
      ...options,
      retries: { forever: true, minTimeout: 500, maxTimeout: 2000 } as never,
    });
  }
  try {
    return await work();
  } finally {
    await release();
  }
}
