import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';

const LOOK_MS = 100;
/** After so long it is said what was seen instead. It measures nothing: all that is waited for comes much sooner. */
const PATIENCE_MS = 45_000;

/** Looks again and again until there is something. */
export async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (Date.now() > end) throw new Error(`never saw ${what}`);
    await wait(LOOK_MS);
  }
}

/** Waits until what is looked at is what is expected, which may be looked up anew each time. */
export async function untilEqual<T>(look: () => T | Promise<T>, expected: T | (() => T | Promise<T>)): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const wanted = typeof expected === 'function' ? await (expected as () => T | Promise<T>)() : expected;
    const seen = await look();
    try {
      assert.deepEqual(seen, wanted);
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await wait(LOOK_MS);
  }
}
