import { readFile } from 'node:fs/promises';
import { Failure, sleep } from '../base';
import { BackgroundStart, clusterName, type RuntimeStatus } from '../runtime';
import { startDetached } from '../tools';
import { waitForDocker } from './docker-wait';
import type { Job } from './images';
import { jobOf, startWorkspace } from './operations';
import type { Session } from './session';
import { outcomeOf, valueOf } from './steps';
import type { Outcome, RunEvent } from './types';
import { warmApps } from './warm';

type Emit = (event: RunEvent) => void;

/** How to start `vapp` once more. */
export interface OwnProgram {
  readonly program: string;
  /** In front of the arguments. */
  readonly args: readonly string[];
}

/** What {@link startInBackground} found or did. */
export interface BackgroundReport {
  readonly state: 'begun' | 'at-work';
  readonly cluster: string;
  /** Absolute path of what the process in the background writes. */
  readonly logFile: string;
}

/** The longest wait for the process to announce itself, milliseconds. */
const ANNOUNCE_MS = 15_000;
const POLL_MS = 10;

/** Waits for the engine, then creates or resumes the runtime, as {@link startWorkspace} does. */
export function startPatiently(
  session: Session,
  dockerLimitMs: number,
  emit: Emit,
  signal?: AbortSignal,
): Promise<Outcome<RuntimeStatus>> {
  return outcomeOf(() => startAfterDocker(jobOf(session, emit, signal), dockerLimitMs), signal);
}

async function startAfterDocker(job: Job, dockerLimitMs: number): Promise<RuntimeStatus> {
  await waitForDocker(job, dockerLimitMs);
  return valueOf(await startWorkspace(job.session, job.emit, job.signal));
}

/**
 * Lets a process of its own start the runtime, and returns as soon as that one has announced itself: from then on every
 * observer sees that the runtime is starting. Where one is at work already, nothing is done.
 *
 * The outcome may be the Failure `background-start-failed`, `process-not-started`.
 */
export function startInBackground(
  session: Session,
  own: OwnProgram,
  dockerLimitMs: number,
): Promise<Outcome<BackgroundReport>> {
  return outcomeOf(async () => {
    const cluster = clusterName(session.identity);
    const start = new BackgroundStart(session.dataDirectory, cluster);
    const { logFile } = start;
    if (await start.isAtWork()) return { state: 'at-work', cluster, logFile };
    const limit = `${Math.ceil(dockerLimitMs / 1000)}s`;
    const args = ['--directory', session.root, 'up', BACKGROUND_PROCESS, '--wait-for-docker', limit];
    const child = await startDetached(
      { program: own.program, args: [...own.args, ...args], cwd: '/', env: session.options.env },
      logFile,
    );
    const end: { code?: number | undefined } = {};
    void child.ended.then((code) => Object.assign(end, { code }));
    for (let waited = 0; !(await start.isAtWork()); waited += POLL_MS) {
      if ('code' in end && end.code === 0) break;
      if ('code' in end || waited > ANNOUNCE_MS) throw await notBegun(logFile);
      await sleep(POLL_MS);
    }
    child.release();
    return { state: 'begun', cluster, logFile };
  });
}

/** The option by which `vapp up` is told to be the process of {@link startInBackground}. */
export const BACKGROUND_PROCESS = '--background-process';

/**
 * The process of {@link startInBackground}: waits for the engine, starts the runtime, and warms the first run.
 *
 * @returns an outcome without a value when another one is at work.
 */
export function runBackgroundStart(
  session: Session,
  dockerLimitMs: number,
  emit: Emit,
  signal?: AbortSignal,
): Promise<Outcome<RuntimeStatus | undefined>> {
  return outcomeOf(async () => {
    const start = new BackgroundStart(session.dataDirectory, clusterName(session.identity));
    const done = await start.run(signal, async (follow, held) => {
      const noting: Emit = (event) => {
        if (event.type === 'runtime') follow(event.event);
        emit(event);
      };
      const job = jobOf(session, noting, held);
      const status = await startAfterDocker(job, dockerLimitMs);
      await warmApps(job);
      return status;
    });
    return done?.value;
  }, signal);
}

async function notBegun(logFile: string): Promise<Failure> {
  const log = await readFile(logFile, 'utf8').catch(() => '');
  return new Failure({
    code: 'background-start-failed',
    fault: 'environment',
    summary: 'The runtime could not be started in the background.',
    evidence: log.trim().split('\n').slice(-20).filter(Boolean),
    nextSteps: ['Start it in the foreground: `vapp up`.'],
  });
}
