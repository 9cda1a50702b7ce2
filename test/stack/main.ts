import { rm } from 'node:fs/promises';
import { Failure, throwIfCancelled } from '../../src/base';
import { dockerClient, dockerFailure, Toolbox } from '../../src/tools';
import { createContext, withSetupLock, type ContextParts } from './context';
import { ensureEngine } from './engine/choose';
import { removeEmulation } from './emulation';
import { removeOurs } from './engine/ours';
import { hasOwnEngineTraces, isOwnEngineRunning, stopOwnEngine } from './engine/own';
import { withStack } from './environment';
import { ensureImages } from './images';
import { layoutFor, type Layout } from './layout';
import { linkTools, TOOLS } from './links';
import { ensureDesktops } from './parts/desktop';
import { ensureTool } from './parts/tool';
import { ensureWorkbench, NEWEST, OLDEST } from './parts/workbench';
import { describeReachability, probeOfficialHosts } from './probe';
import { ConsoleProgress } from './progress';
import { forgetState, readState, writeState } from './state';
import { together } from './together';
import type { OfficialHost, Progress, StackContext } from './types';

/** Whether the engine that setup arrived at answers now. */
export async function engineIsUp(): Promise<boolean> {
  const layout = layoutFor();
  const state = await readState(layout);
  if (!state) return false;
  if (state.engine.kind === 'own') return isOwnEngineRunning(layout);
  try {
    await (await dockerClient(new Toolbox(withStack(process.env, layout, state)))).ping();
    return true;
  } catch {
    return false;
  }
}

export interface SetupOptions {
  /** Also brings what shows and tests the editor. Default: true. */
  readonly workbench?: boolean;
}

/**
 * Brings the whole stack up: tools, engine, images, workbench. What is there already is used as it is.
 *
 * @returns the environment of the stack.
 * @throws Failure with the part that could not be had; Cancelled, after which an engine started here is gone again.
 */
export async function setup(signal: AbortSignal, options: SetupOptions = {}): Promise<NodeJS.ProcessEnv> {
  const layout = layoutFor();
  const progress = new ConsoleProgress();
  return withSetupLock(layout, progress, signal, async () => {
    const wasRunning = await isOwnEngineRunning(layout);
    try {
      return await bringUp({ layout, progress, signal, workbench: options.workbench ?? true });
    } catch (error) {
      if (signal.aborted && !wasRunning) await stopEngine(layout, progress);
      throw error;
    }
  });
}

/**
 * Takes away what setup and its users started. The cache stays, unless `--cache` is among the arguments.
 *
 * @param signal ends the wait for another setup; what has begun is brought to its end.
 * @throws Failure `teardown-incomplete` with what could not be put back.
 */
export async function teardown(args: readonly string[], signal?: AbortSignal): Promise<void> {
  const layout = layoutFor();
  const progress = new ConsoleProgress();
  await withSetupLock(layout, progress, signal, async () => {
    const state = await readState(layout);
    if (state?.engine.kind === 'existing') {
      await progress.part('containers of ours', async (report) => {
        const docker = await dockerClient(new Toolbox(withStack(process.env, layout, state)));
        const removed = await removeOurs(docker).catch((error: unknown) => {
          throw dockerFailure(error);
        });
        report(`${removed} removed from the engine at ${state.engine.host}, which stays up`);
      });
    }
    await stopEngine(layout, progress);
    await removeEmulation(layout, new AbortController().signal);
    await forgetState(layout);
  });
  if (args.includes('--cache')) {
    await progress.part('cache', async (report) => {
      await rm(layout.cache, { recursive: true, force: true });
      report(`${layout.cache} removed`);
    });
  }
}

interface Bringing {
  readonly layout: Layout;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly workbench: boolean;
}

async function bringUp({ layout, progress, signal, workbench }: Bringing): Promise<NodeJS.ProcessEnv> {
  const reachable = await probe(progress, signal);
  const parts = { layout, reachable, progress };
  await createContext({ ...parts, signal }).cache.removeLeftovers();

  const [env] = await together(signal, [
    (inner) => bringUpStack({ ...parts, signal: inner }),
    (inner) => (workbench ? ensureWorkbenches(createContext({ ...parts, signal: inner })) : undefined),
    (inner) => (workbench ? ensureDesktops(createContext({ ...parts, signal: inner })) : undefined),
  ]);
  return env;
}

/** One after the other: with the node image beside them there is enough to do. */
async function ensureWorkbenches(context: StackContext): Promise<void> {
  for (const edition of [NEWEST, OLDEST]) await ensureWorkbench(context, edition);
}

/** Everything that `vapp` needs. */
async function bringUpStack(parts: ContextParts): Promise<NodeJS.ProcessEnv> {
  const { layout, signal } = parts;
  const [programs, engine] = await together<
    [Map<(typeof TOOLS)[number], string>, Awaited<ReturnType<typeof ensureEngine>>]
  >(signal, [
    async (inner) => {
      const context = createContext({ ...parts, signal: inner });
      return new Map(await Promise.all(TOOLS.map(async (tool) => [tool, await ensureTool(context, tool)] as const)));
    },
    (inner) => ensureEngine(createContext({ ...parts, signal: inner }), layout),
  ]);
  await linkTools(layout, programs);
  const env = {
    DOCKER_HOST: engine.host,
    DOCKER_CONFIG: layout.dockerConfig,
    VAPP_TEST_HELM3: `${layout.bin}/helm3`,
    VAPP_TEST_HELM4: `${layout.bin}/helm4`,
  };
  const before = await readState(layout);
  // Whoever uses the stack while it is checked once more is not disturbed; whoever stops here can be taken away.
  const complete = before?.complete === true && before.engine.host === engine.host;
  await writeState(layout, { complete, engine, env });
  await ensureImages(createContext({ ...parts, dockerHost: engine.host }));
  const state = { complete: true, engine, env };
  await writeState(layout, state);
  return withStack(process.env, layout, state);
}

async function probe(progress: Progress, signal: AbortSignal): Promise<ReadonlySet<OfficialHost>> {
  return progress.part('official sources', async (report) => {
    const reachable = await probeOfficialHosts(signal);
    throwIfCancelled(signal);
    report(describeReachability(reachable));
    return reachable;
  });
}

async function stopEngine(layout: Layout, progress: Progress): Promise<void> {
  if (!(await hasOwnEngineTraces(layout))) return;
  await progress.part('our Docker Engine', async (report) => {
    const signal = new AbortController().signal;
    const context = createContext({ layout, reachable: new Set(), progress, signal });
    const problems = await stopOwnEngine(context, layout, report);
    if (problems.length > 0) {
      throw new Failure({
        code: 'teardown-incomplete',
        fault: 'environment',
        summary: 'Our Docker engine was stopped, but the machine is not quite as it was before.',
        evidence: problems,
        nextSteps: ['Run `npm run teardown` again.'],
      });
    }
    report('stopped, the machine is as before');
  });
}
