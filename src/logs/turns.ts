/** So much of all logs together is worked through before everything else that the thread has to do gets its turn. */
const TURN_BYTES = 256 * 1024;
/** A read of a socket brings at most so much. */
const READ_BYTES = 64 * 1024;

/**
 * Shares a thread between those who read logs and all others on it. What a socket has brought is worked through in
 * promises, and those come before any other event: a hundred logs that all have something, each modest by itself, would
 * keep the window of an editor waiting.
 */
export class Turns {
  private taken = 0;
  private ends = false;
  private waiting: (() => void)[] = [];

  /** @param later calls back when all other events have had their turn. */
  constructor(private readonly later: (callback: () => void) => void = setImmediate) {}

  /** Tells that so many bytes have been worked through. A promise when others come first: then it is to be awaited. */
  took(bytes: number): Promise<void> | undefined {
    this.taken += bytes;
    this.endSoon();
    if (this.taken < TURN_BYTES && this.waiting.length === 0) return undefined;
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private endSoon(): void {
    if (this.ends) return;
    this.ends = true;
    this.later(() => this.next());
  }

  /** A new turn: who has waited longest goes on, no more of them than it has room for. */
  private next(): void {
    this.ends = false;
    this.taken = 0;
    const released = this.waiting.splice(0, TURN_BYTES / READ_BYTES);
    if (this.waiting.length > 0) this.endSoon();
    for (const release of released) release();
  }
}

/** Of all logs that this process reads, since they share its one thread. */
export const turns = new Turns();
