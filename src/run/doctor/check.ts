import { Cancelled, Failure, asFailure, messageOf, orCancelled } from '../../base';

export interface DoctorCheck {
  readonly title: string;
  /** `skipped`: there is nothing to look at, such as a cluster that does not run. */
  readonly state: 'ok' | 'warning' | 'error' | 'skipped';
  readonly message: string;
  readonly nextSteps: readonly string[];
}

/** What a look at one thing has found. */
export interface Finding {
  readonly state: DoctorCheck['state'];
  readonly message: string;
  readonly nextSteps?: readonly string[];
}

export interface CheckOptions {
  /** Ends the whole job. */
  readonly signal?: AbortSignal | undefined;
  /** Hides what must not be told. */
  readonly redact: (text: string) => string;
  /** Longest time for this check, milliseconds. */
  readonly limitMs?: number;
}

/** More than the slowest check needs on a machine that is busy: it asks a few things in turn, each with a limit of its own. */
const CHECK_LIMIT_MS = 30_000;

export function ok(message: string): Finding {
  return { state: 'ok', message };
}

export function skipped(message: string): Finding {
  return { state: 'skipped', message };
}

export function warning(message: string, ...nextSteps: string[]): Finding {
  return { state: 'warning', message, nextSteps };
}

export function error(message: string, ...nextSteps: string[]): Finding {
  return { state: 'error', message, nextSteps };
}

const GRAVITY: Record<Finding['state'], number> = { skipped: 0, ok: 1, warning: 2, error: 3 };

/** Several findings as one, in their order, as grave as the gravest of them. What was skipped is told only alone. */
export function together(findings: readonly Finding[]): Finding {
  const told = findings.filter(({ state }) => state !== 'skipped');
  if (told.length === 0) return skipped(findings.map(({ message }) => message).join('; '));
  const [{ state }] = told.toSorted((a, b) => GRAVITY[b.state] - GRAVITY[a.state]) as [Finding];
  return {
    state,
    message: told.map(({ message }) => message).join('; '),
    nextSteps: [...new Set(told.flatMap(({ nextSteps = [] }) => nextSteps))],
  };
}

/**
 * Looks at one thing, no longer than the limit: what does not answer must not keep the others from being told.
 *
 * @param look gets a signal that fires at the limit, and when the check is over.
 * @throws Cancelled.
 */
export async function check(
  title: string,
  look: (signal: AbortSignal) => Promise<Finding>,
  { signal, redact, limitMs = CHECK_LIMIT_MS }: CheckOptions,
): Promise<DoctorCheck> {
  const found = await findingWithin(look, limitMs, signal);
  return {
    title,
    state: found.state,
    message: redact(found.message),
    nextSteps: (found.nextSteps ?? []).map(redact),
  };
}

async function findingWithin(
  look: (signal: AbortSignal) => Promise<Finding>,
  limitMs: number,
  signal: AbortSignal | undefined,
): Promise<Finding> {
  try {
    return await within(limitMs, look, signal);
  } catch (thrown) {
    if (signal?.aborted) throw new Cancelled();
    const { summary, nextSteps } = asFailure(thrown, {
      code: 'internal',
      fault: 'environment',
      summary: messageOf(thrown),
    });
    return { state: 'error', message: summary, nextSteps };
  }
}

/**
 * The answer to a question, if it comes in time.
 *
 * @throws Failure `no-answer` when it does not; Cancelled; whatever the question throws.
 */
export async function within<T>(
  limitMs: number,
  ask: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const overdue = new AbortController();
  const settled = new AbortController();
  const timer = setTimeout(() => overdue.abort(), limitMs);
  const limit = AbortSignal.any([overdue.signal, settled.signal, ...(signal ? [signal] : [])]);
  try {
    return await orCancelled(ask(limit), limit);
  } catch (thrown) {
    if (!overdue.signal.aborted || signal?.aborted) throw thrown;
    throw new Failure({
      code: 'no-answer',
      fault: 'environment',
      summary: `no answer within ${limitMs / 1000} s`,
      cause: thrown,
    });
  } finally {
    clearTimeout(timer);
    // Whatever still goes on was only for this answer.
    settled.abort();
  }
}
