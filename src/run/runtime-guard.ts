import { Failure, isCancelled, sleep } from '../base';
import { engineFacts } from '../build';
import { clusterName, concernsCluster, type RuntimeStatus } from '../runtime';
import { watchEngine } from '../state';
import { formatBytes, type Job } from './images';

/** A node that crashed is started again by the engine, and an engine by the system; so long is waited, milliseconds. */
const COMES_BACK_MS = 3000;
/** What happens to a container that ends. */
const ENDINGS = new Set(['die', 'destroy']);
/** With less than this free, bytes, Kubernetes' store cannot write. */
const FULL_BYTES = 50e6;

/**
 * Does work that needs the runtime to go on running, and ends it when the runtime ends. The engine's events tell, so
 * that nothing has to time out; a failure of the work is looked into as well, since it may only be the consequence.
 *
 * @param work gets a signal that also fires when the runtime is gone.
 * @throws Failure `runtime-deleted`, `runtime-stopped`, `no-space`, `docker-*`; whatever the work throws.
 */
export async function whileRuntimeRuns<T>(job: Job, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  // Its reason is the failure.
  const gone = new AbortController();
  const done = new AbortController();
  const watching = watchForLoss(job, gone, done.signal);
  try {
    return await work(AbortSignal.any([gone.signal, ...(job.signal ? [job.signal] : [])]));
  } catch (error) {
    if (job.signal?.aborted) throw error;
    const loss = gone.signal.reason as Failure | undefined;
    const isOfEnvironment = error instanceof Failure && error.fault === 'environment';
    const cause = loss ?? (isOfEnvironment ? await causeInRuntime(job) : undefined);
    throw cause ? cause.with({ evidence: [...cause.evidence, ...evidenceOf(error)] }) : error;
  } finally {
    done.abort();
    await watching;
  }
}

function evidenceOf(error: unknown): readonly string[] {
  return error instanceof Failure && !isCancelled(error) ? [error.summary, ...error.evidence] : [];
}

/** Aborts `gone` with the reason as soon as it is certain that the runtime does not run any more; ends with the signal. */
async function watchForLoss(job: Job, gone: AbortController, signal: AbortSignal): Promise<void> {
  const cluster = clusterName(job.session.identity);
  let looking = false;
  const look = async () => {
    if (looking) return;
    looking = true;
    try {
      const loss = await lossOf(job, signal);
      if (loss) gone.abort(loss);
    } catch {
      // Who cannot look does without: the work fails by itself, only later.
    } finally {
      looking = false;
    }
  };
  try {
    await watchEngine(
      {
        docker: () => job.session.docker(),
        toolbox: job.session.toolbox,
        onState: ({ state }) => {
          if (state !== 'up') void look();
        },
        onEvent: (event) => {
          if (ENDINGS.has(event.Action ?? '') && concernsCluster(event, cluster)) void look();
        },
        onError: () => undefined,
      },
      AbortSignal.any([signal, gone.signal]),
    );
  } catch {
    // The work is done or the runtime gone; or nobody can watch, and the work fails by itself, only later.
  }
}

/** Why the runtime does not run; undefined when it does, or came back by itself. */
async function lossOf(job: Job, signal: AbortSignal | undefined): Promise<Failure | undefined> {
  const now = await statusOf(job, signal);
  if (now.state === 'running') return undefined;
  if (now.state !== 'absent') {
    await sleep(COMES_BACK_MS, signal);
    return failureOf(await statusOf(job, signal));
  }
  return failureOf(now);
}

/** The same, and what keeps a runtime that runs from working. */
async function causeInRuntime(job: Job): Promise<Failure | undefined> {
  return (await lossOf(job, job.signal)) ?? diskFull(job);
}

async function statusOf({ session }: Job, signal: AbortSignal | undefined): Promise<RuntimeStatus> {
  return (await session.runtime(await session.read())).status(signal);
}

function failureOf({ state, failure }: RuntimeStatus): Failure | undefined {
  switch (state) {
    case 'running':
      return undefined;
    case 'absent':
      return new Failure({
        code: 'runtime-deleted',
        fault: 'environment',
        summary: 'The local runtime was deleted while it was in use.',
        nextSteps: ['Run again: a new one is created.'],
      });
    case 'stopped':
      return new Failure({
        code: 'runtime-stopped',
        fault: 'environment',
        summary: 'The local runtime, or its registry, was stopped or killed while it was in use.',
        nextSteps: ['Run again: it is started where it was.', 'If nobody stopped it, look for why: `vapp doctor`.'],
      });
    case 'unknown':
      return failure;
  }
}

async function diskFull({ session }: Job): Promise<Failure | undefined> {
  const { freeDisk } = await engineFacts(await session.docker());
  if (freeDisk === undefined || freeDisk > FULL_BYTES) return undefined;
  return new Failure({
    code: 'no-space',
    fault: 'environment',
    summary: `The local runtime's Kubernetes cannot work: the disk of the Docker engine is full (${formatBytes(freeDisk)} are free).`,
    nextSteps: ['Free some space, for example with `docker builder prune`, and run again.'],
  });
}
