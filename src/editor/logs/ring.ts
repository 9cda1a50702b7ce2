import { sizeOf, type LogEntry } from './entries';

/** The last entries of a log, bounded by their number and by their size. */
export class EntryRing {
  private entries: LogEntry[] = [];
  private head = 0;
  private size = 0;

  constructor(
    private readonly maxEntries = 5000,
    private readonly maxSize = 2 * 1024 * 1024,
  ) {}

  get empty(): boolean {
    return this.entries.length === 0;
  }

  get all(): readonly LogEntry[] {
    return this.entries.slice(this.head);
  }

  push(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      this.entries.push(entry);
      this.size += sizeOf(entry);
    }
    this.forget();
  }

  private forget(): void {
    for (
      let first = this.entries[this.head];
      first !== undefined && (this.entries.length - this.head > this.maxEntries || this.size > this.maxSize);
      first = this.entries[this.head]
    ) {
      this.size -= sizeOf(first);
      this.head += 1;
    }
    if (this.head < this.maxEntries) return;
    this.entries = this.entries.slice(this.head);
    this.head = 0;
  }
}
