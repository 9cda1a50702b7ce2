import { setTimeout as sleep } from 'node:timers/promises';

export const FIRST_DELAY_MS = 200;
const GROWTH = 1.5;
export const LONGEST_DELAY_MS = 2000;

/** Spaces attempts: quick at first, so that a service that comes up late is found soon. */
export class Backoff {
  #next = FIRST_DELAY_MS;

  /** Sleeps, longer each time. */
  async wait(): Promise<void> {
    const delay = this.#next;
    this.#next = Math.min(delay * GROWTH, LONGEST_DELAY_MS);
    await sleep(delay);
  }

  /** Begins anew after a success. */
  reset(): void {
    this.#next = FIRST_DELAY_MS;
  }
}
