/**
 * Events between those who produce them and the one reader, who takes all that are there at once: a promise for each
 * event would cost more than the event. It holds about `capacity` events: producers add what one read of their socket
 * gave them and then await {@link EventQueue.room} before they read again.
 */
export class EventQueue<T> {
  private items: T[] = [];
  private reader:
    { resolve: (result: IteratorResult<readonly T[], undefined>) => void; reject: (error: Error) => void } | undefined;
  private waking = false;
  private producers: (() => void)[] = [];
  private end: { readonly error?: Error } | undefined;

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.items.length;
  }

  push(item: T): void {
    if (this.end) return;
    this.items.push(item);
    if (!this.reader || this.waking) return;
    this.waking = true;
    // Whoever adds an event is about to add those that came with it, and what the other sockets have brought is read
    // before anything immediate: with a hundred pods one batch instead of a hundred.
    setImmediate(() => this.wake());
  }

  /** Undefined while there is room; else resolves as soon as the reader has made some. */
  room(): Promise<void> | undefined {
    if (this.size < this.capacity || this.end) return undefined;
    return new Promise((resolve) => this.producers.push(resolve));
  }

  /** What is there, at least one event. */
  next(): Promise<IteratorResult<readonly T[], undefined>> {
    if (this.reader) return Promise.reject(new Error('two readers at once'));
    if (this.size > 0) return Promise.resolve({ done: false, value: this.take() });
    if (this.end) return this.ending(this.end);
    return new Promise((resolve, reject) => {
      this.reader = { resolve, reject };
    });
  }

  /** No more events: the reader gets those already here, then the end. */
  close(): void {
    this.finish({});
  }

  /** The reader gets this error next; events still here are dropped. */
  fail(error: Error): void {
    if (this.end) return;
    this.items = [];
    this.finish({ error });
  }

  /** The reader wants no more. */
  discard(): void {
    this.items = [];
    this.finish({});
  }

  private finish(end: { readonly error?: Error }): void {
    if (this.end) return;
    this.end = end;
    this.releaseProducers();
    const { reader } = this;
    // A reader that is about to be woken gets its events first.
    if (!reader || this.size > 0) return;
    this.reader = undefined;
    if ('error' in end) {
      this.end = {};
      reader.reject(end.error);
    } else reader.resolve(DONE);
  }

  /** An error is told once; afterwards the events have simply ended. */
  private ending(end: { readonly error?: Error }): Promise<IteratorResult<readonly T[], undefined>> {
    if (!('error' in end)) return Promise.resolve(DONE);
    this.end = {};
    return Promise.reject(end.error);
  }

  private wake(): void {
    this.waking = false;
    const { reader } = this;
    if (!reader || this.size === 0) return;
    this.reader = undefined;
    reader.resolve({ done: false, value: this.take() });
  }

  private take(): readonly T[] {
    const { items } = this;
    this.items = [];
    this.releaseProducers();
    return items;
  }

  private releaseProducers(): void {
    const { producers } = this;
    this.producers = [];
    for (const release of producers) release();
  }
}

const DONE: IteratorResult<never, undefined> = { done: true, value: undefined };
