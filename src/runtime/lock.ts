import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { lock } from 'proper-lockfile';
import { Cancelled, Failure, isCancelled, sleep } from '../base';

/** A lock is given up for dead when its owner has not refreshed it for this long. */
const STALE_MS = 5000;
const REFRESH_MS = 1000;
const POLL_MS = 100;

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called once when somebody else holds the lock. */
  readonly onWait?: () => void;
}

/**
 * Runs `work` while holding a lock that all processes of this machine respect. Who died holding it is replaced.
 *
 * @param file names the lock; a folder `<file>.lock` exists while it is held.
 * @param work gets a signal that also fires when the lock is lost, because this process was halted too long.
 * @throws Cancelled; Failure `runtime-lock-lost`.
 */
export async function withLock<T>(
  file: string,
  { signal, onWait }: LockOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const lost = new AbortController();
  const release = await acquire(file, () => lost.abort(), signal, onWait);
  try {
    return await work(signal ? AbortSignal.any([signal, lost.signal]) : lost.signal);
  } catch (error) {
    if (lost.signal.aborted && isCancelled(error, lost.signal)) throw lockLost();
    throw error;
  } finally {
    if (!lost.signal.aborted) await release();
  }
}

async function acquire(
  file: string,
  onCompromised: () => void,
  signal: AbortSignal | undefined,
  onWait: (() => void) | undefined,
): Promise<() => Promise<void>> {
  for (let attempt = 0; ; attempt += 1) {
    if (signal?.aborted) throw new Cancelled();
    try {
      return await lock(file, { realpath: false, stale: STALE_MS, update: REFRESH_MS, retries: 0, onCompromised });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
    }
    if (attempt === 0) onWait?.();
    await sleep(POLL_MS, signal);
  }
}

function lockLost(): Failure {
  return new Failure({
    code: 'runtime-lock-lost',
    fault: 'environment',
    summary: 'This process was halted for so long that another one took over the local runtime.',
    nextSteps: ['Run the command again.'],
  });
}
