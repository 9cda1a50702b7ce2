import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, sleep } from '../../../src/base';
import { dockerClient, Toolbox, type Docker } from '../../../src/tools';
import type { Layout } from '../layout';
import type { StackContext } from '../types';
import { startDaemon } from './daemon';
import { bootId, isRunning, type ProcessIdentity } from './identity';
import { readMachine, rememberMachine, restoreMachine } from './machine';
import { prepareEnginePrograms } from './programs';

/** Files of our own engine. */
function filesOf(layout: Layout) {
  return {
    programs: join(layout.engine, 'bin'),
    data: join(layout.engine, 'data'),
    config: join(layout.engine, 'daemon.json'),
    log: join(layout.engine, 'dockerd.log'),
    machine: join(layout.engine, 'machine-before.json'),
    identity: join(layout.engine, 'process.json'),
    socket: join(layout.run, 'docker.sock'),
    pid: join(layout.run, 'docker.pid'),
    exec: join(layout.run, 'exec'),
  };
}

/** The DOCKER_HOST of our own engine. */
export function ownEngineHost(layout: Layout): string {
  return `unix://${filesOf(layout).socket}`;
}

/** Whether the engine that an earlier setup started still runs. */
export async function isOwnEngineRunning(layout: Layout): Promise<boolean> {
  const identity = await readIdentity(layout);
  return identity !== undefined && isRunning(identity);
}

/** The version our engine reports. */
export async function ownEngineVersion(layout: Layout): Promise<string> {
  return (await (await ownClient(layout)).version()).Version;
}

/** Whether our engine has been on this machine since its boot, running or not, and was not cleaned up after. */
export async function hasOwnEngineTraces(layout: Layout): Promise<boolean> {
  return (await readMachine(filesOf(layout).machine)) !== undefined || (await isOwnEngineRunning(layout));
}

/** @throws Failure `root-needed`. */
export function assertRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new Failure({
    code: 'root-needed',
    fault: 'environment',
    summary: 'No working Docker engine was found, and only root can start one.',
    nextSteps: [
      'Start Docker and make sure that `docker run --privileged` works for your user.',
      'Or run this command as root: an engine of our own is then started beside whatever is installed.',
    ],
  });
}

/**
 * Starts an engine of our own, as root: private socket, data and configuration, in the machine's network, so that published
 * ports are ports of localhost. It keeps running when this process ends.
 *
 * @returns where the engine's programs come from, for people.
 */
export async function startOwnEngine(
  context: StackContext,
  layout: Layout,
  report: (detail: string) => void,
): Promise<string> {
  const files = filesOf(layout);
  const source = await prepareEnginePrograms(context, files.programs, report);
  await mkdir(layout.run, { recursive: true, mode: 0o700 });
  await mkdir(files.data, { recursive: true });
  const env = engineEnvironment(files.programs);
  await rememberMachine(files.machine, env, context.signal);
  await removeStaleFiles(layout);
  await writeFile(
    files.config,
    JSON.stringify(
      {
        hosts: [ownEngineHost(layout)],
        'data-root': files.data,
        'exec-root': files.exec,
        pidfile: files.pid,
        // Builds of several platforms keep all of them only in containerd's image store.
        features: { 'containerd-snapshotter': true },
        'shutdown-timeout': 5,
      },
      null,
      2,
    ),
  );
  report('starting');
  const identity = await startDaemon({
    program: join(files.programs, 'dockerd'),
    args: ['--config-file', files.config],
    env,
    log: files.log,
  });
  await writeFile(files.identity, JSON.stringify(identity));
  try {
    await waitUntilUp(layout, identity, context.signal);
  } catch (error) {
    await stopProcess(identity);
    throw error;
  }
  return source;
}

/**
 * Ends our own engine with everything that runs on it, and puts the machine back.
 *
 * @returns what could not be put back, one sentence each.
 */
export async function stopOwnEngine(
  context: StackContext,
  layout: Layout,
  report: (detail: string) => void,
): Promise<string[]> {
  const files = filesOf(layout);
  const sameBoot = (await readMachine(files.machine))?.bootId === (await bootId());
  // Containers outlive an engine that was killed. The engine itself ends them most thoroughly, so it is started again.
  if (sameBoot && !(await isOwnEngineRunning(layout))) await startOwnEngine(context, layout, report);
  if (await isOwnEngineRunning(layout)) {
    report('removing containers and networks');
    await emptyEngine(await ownClient(layout));
    report('stopping');
    const identity = await readIdentity(layout);
    if (identity) await stopProcess(identity);
  }
  report('restoring the machine');
  const problems = await restoreMachine(
    files.machine,
    [layout.engine, layout.run],
    engineEnvironment(files.programs),
    context.signal,
  );
  await rm(files.identity, { force: true });
  if (problems.length === 0) await rm(layout.run, { recursive: true, force: true });
  return problems;
}

/** Waits for the engine's first answer. */
async function waitUntilUp(layout: Layout, identity: ProcessIdentity, signal: AbortSignal): Promise<void> {
  const files = filesOf(layout);
  const docker = await ownClient(layout);
  for (const deadline = Date.now() + START_LIMIT_MS; ;) {
    try {
      await docker.ping();
      return;
    } catch (error) {
      const ended = !(await isRunning(identity));
      if (ended || Date.now() > deadline) {
        throw new Failure({
          code: 'engine-not-started',
          fault: 'environment',
          summary: ended
            ? 'Our Docker engine ended while it was starting.'
            : `Our Docker engine did not answer within ${START_LIMIT_MS / 1000} s.`,
          evidence: (await readFile(files.log, 'utf8')).trimEnd().split('\n').slice(-15),
          nextSteps: [`Read ${files.log}.`],
          cause: error,
        });
      }
    }
    await sleep(100, signal);
  }
}

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 30_000;

async function emptyEngine(docker: Docker): Promise<void> {
  for (const { Id } of await docker.listContainers({ all: true })) {
    await docker.getContainer(Id).remove({ force: true, v: true });
  }
  await docker.pruneVolumes({ filters: { all: ['true'] } });
  await docker.pruneNetworks();
}

/** TERM, then KILL; returns when the process is gone. */
async function stopProcess(identity: ProcessIdentity): Promise<void> {
  for (const [signal, limit] of [['SIGTERM', STOP_LIMIT_MS] as const, ['SIGKILL', 5000] as const]) {
    if (!(await isRunning(identity))) return;
    process.kill(identity.pid, signal);
    for (const deadline = Date.now() + limit; Date.now() < deadline && (await isRunning(identity));) await sleep(50);
  }
}

async function removeStaleFiles(layout: Layout): Promise<void> {
  const files = filesOf(layout);
  await rm(files.pid, { force: true });
  await rm(files.socket, { force: true });
  await rm(files.identity, { force: true });
}

async function readIdentity(layout: Layout): Promise<ProcessIdentity | undefined> {
  const text = await readFile(filesOf(layout).identity, 'utf8').catch(() => undefined);
  if (text !== undefined) return JSON.parse(text) as ProcessIdentity;
  return undefined;
}

function ownClient(layout: Layout): Promise<Docker> {
  return dockerClient(new Toolbox({ DOCKER_HOST: ownEngineHost(layout) }));
}

/** The caller's proxies and certificates matter to the engine; the settings of its Docker CLI and of npm do not. */
function engineEnvironment(programs: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(DOCKER_|npm_|INIT_CWD$|NODE)/i.test(name));
  return { ...Object.fromEntries(kept), PATH: `${programs}:${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
}
