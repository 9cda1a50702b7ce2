import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { lock } from 'proper-lockfile';
import { Cancelled, Failure, isCancelled, sleep } from '../base';
import { HeldLock } from '../tools';

/** A lock is given up for dead when its owner has not refreshed it for this long. */
export const LOCK_STALE_MS = 5000;
const REFRESH_MS = 1000;
const POLL_MS = 100;

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called once when somebody else holds the lock. */
  readonly onWait?: () => void;
}

/** The folder that exists while a lock is held; its time of change is when the owner last refreshed it. */
export function lockFolder(file: string): string {
  return `${file}.lock`;
}

/**
 * Runs `work` while holding a lock that all processes of this machine respect. Who died holding it is replaced.
 *
 * @param file names the lock; see {@link lockFolder}.
 * @param work gets a signal that also fires when the lock is lost, because this process was halted too long.
 * @throws Cancelled; Failure `runtime-lock-lost`.
 */
export async function withLock<T>(
  file: string,
  { signal, onWait }: LockOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  const held = new HeldLock(lockFolder(file), LOCK_STALE_MS);
  for (let attempt = 0; ; attempt += 1) {
    if (signal?.aborted) throw new Cancelled();
    const release = await tryToAcquire(file, lost);
    if (release) return whileHeld(release, lost, signal, work);
    if (attempt === 0) onWait?.();
    await held.look();
    await sleep(POLL_MS, signal);
  }
}

/**
 * The same, unless somebody else holds the lock: then it does nothing.
 *
 * @returns undefined when somebody else holds it.
 */
export async function withFreeLock<T>(
  file: string,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<{ readonly value: T } | undefined> {
  const lost = new AbortController();
  const held = new HeldLock(lockFolder(file), LOCK_STALE_MS);
  let release = await tryToAcquire(file, lost);
  while (!release && (await held.look())) {
    await sleep(POLL_MS, signal);
    release = await tryToAcquire(file, lost);
  }
  return release && { value: await whileHeld(release, lost, signal, work) };
}

async function whileHeld<T>(
  release: () => Promise<void>,
  lost: AbortController,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await work(signal ? AbortSignal.any([signal, lost.signal]) : lost.signal);
  } catch (error) {
    if (lost.signal.aborted && isCancelled(error, lost.signal)) throw lockLost();
    throw error;
  } finally {
    if (!lost.signal.aborted) await release();
  }
}

/** Undefined when somebody else holds it. */
async function tryToAcquire(file: string, lost: AbortController): Promise<(() => Promise<void>) | undefined> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  try {
    return await lock(file, {
      realpath: false,
      lockfilePath: lockFolder(file),
      stale: LOCK_STALE_MS,
      update: REFRESH_MS,
      retries: 0,
      onCompromised: () => lost.abort(),
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
    return undefined;
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
