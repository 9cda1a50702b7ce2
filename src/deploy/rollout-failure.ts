import { Failure, type PodSurroundings } from '../base';
import type { KubeApi } from '../tools';
import type { PodObject } from './objects';
import { lastWords as lastWordsOf, podTroubles } from './pods';
import type { PodJudge } from './types';

/** A pod, and what is known beside it. */
export interface PodInSight {
  readonly pod: PodObject;
  readonly surroundings: PodSurroundings;
}

/** What the failures of a rollout are made with. */
export interface FailureContext {
  readonly api: KubeApi;
  readonly judge?: PodJudge | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A pod that can never become ready, with what its app said last: that may be the very cause. */
export async function failureOfPod(
  certain: Failure,
  { pod, surroundings }: PodInSight,
  context: FailureContext,
): Promise<Failure> {
  const lastWords = await wordsOf(pod, context);
  if (lastWords.length === 0) return certain;
  const failure = context.judge?.(pod, { ...surroundings, lastWords }) ?? certain;
  return failure.with({ evidence: [...failure.evidence, ...lastWords] });
}

/**
 * Nobody waits any longer.
 *
 * @param missing what is missing of each workload that is not complete.
 * @param troubled the pods that are not ready, and whether each is one of the new revision that is to stay.
 */
export async function failureOfTime(
  timeoutMs: number,
  missing: readonly string[],
  troubled: readonly (PodInSight & { readonly current: boolean })[],
  context: FailureContext,
): Promise<Failure> {
  const details: string[] = [];
  let explained: Failure | undefined;
  for (const { pod, surroundings, current } of troubled) {
    const lastWords = await wordsOf(pod, context);
    const warnings = (surroundings.warnings ?? []).map(({ reason, message }) => `${reason}: ${message.trim()}`);
    details.push(...podTroubles(pod), ...[...new Set(warnings)].slice(-MAX_WARNINGS), ...lastWords);
    if (current) explained ??= context.judge?.(pod, { ...surroundings, lastWords, timeUp: true });
  }
  const evidence = [`not ready within ${Math.round(timeoutMs / 1000)} s: ${missing[0] ?? ''}`, ...missing.slice(1)];
  if (explained) return explained.with({ evidence: [...explained.evidence, ...evidence, ...details] });
  return new Failure({
    code: 'rollout-timeout',
    fault: 'app',
    summary: `The app was not ready within ${Math.round(timeoutMs / 1000)} s: ${missing[0] ?? ''}.`,
    evidence: [...missing, ...details],
    nextSteps: [
      'Read the log: `vapp logs`. The new pods were left in place for that.',
      'If the app needs longer to become ready, allow it more time or check its readiness probe.',
    ],
  });
}

const MAX_WARNINGS = 5;

/** Evidence is welcome but never the reason to fail differently. */
async function wordsOf(pod: PodObject, { api, signal }: FailureContext): Promise<string[]> {
  try {
    return await lastWordsOf(api, pod, signal);
  } catch (error) {
    if (error instanceof Failure) return [`(no more details: ${error.summary})`];
    throw error;
  }
}
