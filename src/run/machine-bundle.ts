import { join } from 'node:path';
import { withLock } from '../runtime';
import { ensureBundle } from './bundle-load';
import type { Job } from './images';

/**
 * Loads the bundle that the settings of the machine name, where something of it is missing. Whatever keeps it from that
 * is a warning: what is really needed and cannot be had fails by itself.
 */
export async function provideMachineBundle({ session, emit, signal }: Job): Promise<void> {
  const { bundle } = session.machine;
  if (bundle === undefined) return;
  // Whoever comes meanwhile waits, and then finds all of it there.
  const outcome = await withLock(join(session.dataDirectory, 'bundle'), { signal }, (held) =>
    ensureBundle(session, bundle, emit, held),
  );
  // What is wrong with the engine is what the job itself will say.
  if (outcome.status !== 'failed' || outcome.failure.code.startsWith('docker-')) return;
  emit({ type: 'warning', message: `The bundle was not loaded. ${outcome.failure.summary}` });
}
