import { join } from 'node:path';
import { lock } from 'proper-lockfile';
import { sleep } from '../base';
import { HeldLock, directoryOf, type ClusterAccess } from '../tools';

/** A lock is given up for dead when its holder has not refreshed it for this long. */
const STALE_MS = 10_000;

/**
 * Runs work while no other process of ours changes the same release, so that a release found pending was left behind
 * and is not somebody's at work. A crashed holder's lock is taken over after ten seconds.
 */
export async function withReleaseLock<T>(
  subject: { readonly access: ClusterAccess; readonly namespace: string; readonly release: string },
  work: () => Promise<T>,
  options: { readonly signal?: AbortSignal | undefined; readonly onWait?: () => void } = {},
): Promise<T> {
  const file = join(directoryOf(subject.access), `release-${subject.namespace}-${subject.release}`);
  const release = await acquire(file, options);
  try {
    return await work();
  } finally {
    await release();
  }
}

async function acquire(
  file: string,
  { signal, onWait }: { signal?: AbortSignal | undefined; onWait?: () => void },
): Promise<() => Promise<void>> {
  const held = new HeldLock(`${file}.lock`, STALE_MS);
  for (let waiting = false; ; waiting = true) {
    try {
      // After a long sleep of the machine another process may have taken the lock over; then it is no longer ours to
      // give back, and Helm itself refuses to work on one release twice at a time.
      let lost = false;
      const release = await lock(file, { realpath: false, stale: STALE_MS, onCompromised: () => (lost = true) });
      return async () => {
        if (!lost) await release();
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
    }
    if (!waiting) onWait?.();
    await held.look();
    await sleep(100, signal);
  }
}
