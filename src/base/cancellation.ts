/**
 * Thrown where work ends because its AbortSignal fired. It is not a failure: nobody shows it as one, and whoever
 * catches errors lets it pass.
 */
export class Cancelled extends Error {
  constructor() {
    super('cancelled');
    this.name = 'Cancelled';
  }
}

/** Whether an error says no more than that the signal fired, whichever library threw it. */
export function isCancelled(error: unknown, signal?: AbortSignal): boolean {
  if (error instanceof Cancelled) return true;
  return signal?.aborted === true && error instanceof Error && (error.name === 'AbortError' || error === signal.reason);
}

/** Throws {@link Cancelled} when the signal has fired. */
export function throwIfCancelled(signal?: AbortSignal): void {
  if (signal?.aborted) throw new Cancelled();
}

/** Waits `ms` milliseconds; rejects with {@link Cancelled} as soon as the signal fires. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(new Cancelled());
      return;
    }
    const onAbort = () => {
      clearTimeout(timer);
      reject(new Cancelled());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Settles as the promise does, but rejects with {@link Cancelled} at once when the signal fires first. */
export function orCancelled<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return promise;
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(new Cancelled());
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
