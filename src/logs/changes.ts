import { Cancelled } from '../base';

/** Something that changes and can be waited for. */
export class Changes {
  private waiting = new Set<() => void>();
  private counter = 0;

  /** Grows with every change. */
  get version(): number {
    return this.counter;
  }

  changed(): void {
    this.counter++;
    const { waiting } = this;
    this.waiting = new Set();
    for (const wake of waiting) wake();
  }

  /**
   * Resolves as soon as there is a change after `version`, or after `timeoutMs`.
   *
   * @throws Cancelled when the signal fires.
   */
  after(version: number, signal: AbortSignal, timeoutMs?: number): Promise<void> {
    if (signal.aborted) return Promise.reject(new Cancelled());
    if (this.counter !== version) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (end: () => void) => {
        clearTimeout(timer);
        this.waiting.delete(wake);
        signal.removeEventListener('abort', cancel);
        end();
      };
      const wake = () => settle(resolve);
      const cancel = () => settle(() => reject(new Cancelled()));
      const timer = timeoutMs === undefined ? undefined : setTimeout(wake, timeoutMs);
      this.waiting.add(wake);
      signal.addEventListener('abort', cancel, { once: true });
    });
  }
}
