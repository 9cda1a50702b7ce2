import { Cancelled, Failure, asFailure, isCancelled } from '../base';
import { withoutSecrets } from '../tools';
import type { Outcome, RunEvent, StepId } from './types';

/** Lets a step say more while it runs and when it ends. */
export interface StepReporter {
  /** Shown beside the running step. */
  progress(message: string): void;
  /** Shown when the step has ended, instead of nothing. */
  result(message: string): void;
  /** The step had nothing to do. */
  skip(message: string): void;
}

/** Turns work into step events: started, finished with a duration, failed with a failure, cancelled. */
export class Steps {
  constructor(
    private readonly emit: (event: RunEvent) => void,
    private readonly signal?: AbortSignal,
  ) {}

  async run<T>(step: StepId, app: string | undefined, work: (reporter: StepReporter) => Promise<T>): Promise<T> {
    const subject = app === undefined ? ({ type: 'step', step } as const) : ({ type: 'step', step, app } as const);
    const started = performance.now();
    const end: { state: 'finished' | 'skipped'; message?: string } = { state: 'finished' };
    let ended = false;
    const reporter: StepReporter = {
      progress: (message) => {
        // A tool may have its last words when its work is done for us.
        if (!ended) this.emit({ ...subject, state: 'progress', message });
      },
      result: (message) => Object.assign(end, { message }),
      skip: (message) => Object.assign(end, { state: 'skipped', message }),
    };
    this.emit({ ...subject, state: 'started' });
    try {
      const value = await work(reporter).finally(() => (ended = true));
      this.emit({ ...subject, ...end, durationMs: performance.now() - started });
      return value;
    } catch (error) {
      const durationMs = performance.now() - started;
      if (isCancelled(error, this.signal)) this.emit({ ...subject, state: 'cancelled', durationMs });
      else this.emit({ ...subject, state: 'failed', durationMs, failure: unexpected(error) });
      throw error;
    }
  }
}

/** Runs a job to its outcome: a Failure becomes a value, cancelling another; a defect of ours is named as such. */
export async function outcomeOf<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<Outcome<T>> {
  try {
    return { status: 'done', value: await work() };
  } catch (error) {
    if (error instanceof Cancelled || isCancelled(error, signal)) return { status: 'cancelled' };
    return { status: 'failed', failure: unexpected(error) };
  }
}

/** The value of an outcome, for a job that is part of another one. @throws Failure, Cancelled. */
export function valueOf<T>(outcome: Outcome<T>): T {
  if (outcome.status === 'done') return outcome.value;
  throw outcome.status === 'failed' ? outcome.failure : new Cancelled();
}

/** What a failure says, whoever said it first, holds no secret when it leaves a job. */
function withoutSecretsIn(failure: Failure): Failure {
  const { summary, evidence, nextSteps, related } = failure;
  const clean = {
    summary: withoutSecrets(summary),
    evidence: evidence.map(withoutSecrets),
    nextSteps: nextSteps.map(withoutSecrets),
    related: related.map((place) => ({
      ...place,
      message: withoutSecrets(place.message),
      ...(place.evidence ? { evidence: place.evidence.map(withoutSecrets) } : {}),
    })),
  };
  const isClean = JSON.stringify({ summary, evidence, nextSteps, related }) === JSON.stringify(clean);
  return isClean ? failure : failure.with(clean);
}

function unexpected(error: unknown): Failure {
  const failure = asFailure(error, {
    code: 'internal',
    fault: 'environment',
    summary: `Something unexpected happened: ${error instanceof Error ? error.message : String(error)}`,
    evidence:
      error instanceof Error && error.stack
        ? error.stack
            .split('\n')
            .slice(1, 6)
            .map((line) => line.trim())
        : [],
    nextSteps: ['Run the command again; if it happens again, report it with the lines above.'],
  });
  return withoutSecretsIn(failure);
}
