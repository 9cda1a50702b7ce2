/**
 * Events between those who produce them and the one reader. It holds about `capacity` events: producers add what one
 * read of their socket gave them and then await {@link EventQueue.room} before they read again.
 */
export class EventQueue<T> {
  private items: (T | undefined)[] = [];
  private head = 0;
  private reader:
    { resolve: (result: IteratorResult<T, undefined>) => void; reject: (error: Error) => void } | undefined;
  private producers: (() => void)[] = [];
  private end: { readonly error?: Error } | undefined;

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.items.length - this.head;
  }

  push(item: T): void {
    if (this.end) return;
    if (this.reader) {
      this.reader.resolve({ done: false, value: item });
      this.reader = undefined;
      return;
    }
    this.items.push(item);
  }

  /** Undefined while there is room; else resolves as soon as the reader has made some. */
  room(): Promise<void> | undefined {
    if (this.size < this.capacity || this.end) return undefined;
    return new Promise((resolve) => this.producers.push(resolve));
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.size > 0) return Promise.resolve({ done: false, value: this.shift() as T });
    if (this.end) return this.ending(this.end);
    if (this.reader) return Promise.reject(new Error('two readers at once'));
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
    this.clear();
    this.finish({ error });
  }

  /** The reader wants no more. */
  discard(): void {
    this.clear();
    this.finish({});
  }

  private finish(end: { readonly error?: Error }): void {
    if (this.end) return;
    this.end = end;
    this.releaseProducers();
    const { reader } = this;
    this.reader = undefined;
    if (!reader) return;
    if ('error' in end) {
      this.end = {};
      reader.reject(end.error);
    } else reader.resolve(DONE);
  }

  /** An error is told once; afterwards the events have simply ended. */
  private ending(end: { readonly error?: Error }): Promise<IteratorResult<T, undefined>> {
    if (!('error' in end)) return Promise.resolve(DONE);
    this.end = {};
    return Promise.reject(end.error);
  }

  private clear(): void {
    this.items = [];
    this.head = 0;
  }

  private shift(): T | undefined {
    const item = this.items[this.head];
    this.items[this.head++] = undefined;
    if (this.head === this.items.length) this.clear();
    else if (this.head >= COMPACT_AT) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    if (this.producers.length > 0 && this.size <= this.capacity / 2) this.releaseProducers();
    return item;
  }

  private releaseProducers(): void {
    const { producers } = this;
    this.producers = [];
    for (const release of producers) release();
  }
}

const COMPACT_AT = 4096;
const DONE: IteratorResult<never, undefined> = { done: true, value: undefined };
