import { sizeOf, type LogEntry } from './entries';

/** Time and its timers; tests have their own. */
export interface Clock {
  /** Milliseconds. */
  now(): number;
  /** Calls back once, after `ms`; 0 means as soon as what is going on is done. Returns what undoes it. */
  after(ms: number, callback: () => void): () => void;
}

const clock: Clock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    if (ms <= 0) {
      const immediate = setImmediate(callback);
      return () => clearImmediate(immediate);
    }
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** Batches come no faster than this, milliseconds. */
const INTERVAL_MS = 50;
/** While lines are left out they come no faster than this, so that not every few lines are followed by a count. */
const FLOOD_INTERVAL_MS = 250;
/** What may come at once, and in the long run per second, without any of it being left out; in the units of `sizeOf`. */
const BURST = 32 * 1024 * 1024;
const PER_SECOND = 2 * 1024 * 1024;
/** What is shown per second of what comes faster: the window of the editor is busy for 0.3 s with each megabyte. */
const FLOOD_PER_SECOND = 256 * 1024;
/** What is handed on in one go: the extension host is busy with it for a few milliseconds, and free in between. */
const SLICE = 512 * 1024;
/** What may wait; of more the newest half is kept. What is left out may then take as long as it took to come. */
const ROOM = 16 * 1024 * 1024;

/**
 * Hands entries on in batches that a view can keep up with: at once when it has been quiet, else every few
 * milliseconds. Of lines that come faster than anyone can show them, and for longer than a burst, the newest are handed
 * on, and a count of the others. What is no line is never left out.
 */
export class Batcher {
  private pending: LogEntry[] = [];
  /** What is being handed on, a slice at a time. */
  private due: LogEntry[] = [];
  private size = 0;
  /** What has come since the last batch, with what of it was left out already. */
  private came = 0;
  /** So much is kept before anything is left out. */
  private room = ROOM;
  private allowance = BURST;
  private allowedAt: number;
  private flushedAt = -Infinity;
  private interval = INTERVAL_MS;
  private cancelTimer: (() => void) | undefined;

  constructor(
    private readonly handOn: (batch: readonly LogEntry[]) => void,
    private readonly time: Clock = clock,
  ) {
    this.allowedAt = time.now();
  }

  push(entry: LogEntry): void {
    this.pending.push(entry);
    const size = sizeOf(entry);
    this.size += size;
    this.came += size;
    if (this.size > this.room) {
      this.shorten(ROOM / 2);
      // What stays after all is not gone through again with each entry that comes.
      this.room = Math.max(ROOM, 2 * this.size);
    }
    this.cancelTimer ??= this.time.after(this.waitMs(), () => this.flush());
  }

  /** Drops what is here; nothing is handed on any more. */
  dispose(): void {
    this.cancelTimer?.();
    this.cancelTimer = () => undefined;
    this.pending = [];
    this.due = [];
  }

  private flush(): void {
    this.cancelTimer = undefined;
    if (this.due.length === 0) this.makeDue();
    const slice = this.takeSlice();
    if (this.due.length > 0) this.cancelTimer = this.time.after(0, () => this.flush());
    else if (this.pending.length > 0) this.cancelTimer = this.time.after(this.waitMs(), () => this.flush());
    this.handOn(slice);
  }

  /** Decides what of all that is pending is handed on. */
  private makeDue(): void {
    const now = this.time.now();
    this.allowance = Math.min(BURST, this.allowance + ((now - this.allowedAt) / 1000) * PER_SECOND);
    this.allowedAt = now;
    const isFlood = this.came > this.allowance;
    if (isFlood) this.shorten((Math.min(1000, now - this.flushedAt) / 1000) * FLOOD_PER_SECOND);
    this.allowance = Math.max(0, this.allowance - this.came);
    this.interval = isFlood ? FLOOD_INTERVAL_MS : INTERVAL_MS;
    this.flushedAt = now;
    this.due = this.pending;
    this.pending = [];
    this.size = 0;
    this.came = 0;
    this.room = ROOM;
  }

  private takeSlice(): LogEntry[] {
    let length = 0;
    let size = 0;
    for (const entry of this.due) {
      if (size >= SLICE) break;
      size += sizeOf(entry);
      length += 1;
    }
    const slice = this.due.slice(0, length);
    this.due = this.due.slice(length);
    return slice;
  }

  private waitMs(): number {
    return Math.max(0, this.flushedAt + this.interval - this.time.now());
  }

  /** Leaves the oldest lines out until the rest fits. */
  private shorten(limit: number): void {
    if (this.size <= limit) return;
    const kept: LogEntry[] = [];
    for (const entry of this.pending) {
      if (this.size <= limit || (entry.type !== 'line' && entry.type !== 'omitted')) {
        kept.push(entry);
        continue;
      }
      const lines = entry.type === 'omitted' ? entry.lines : 1;
      const before = kept.at(-1);
      this.size -= sizeOf(entry);
      if (before?.type === 'omitted') kept[kept.length - 1] = { type: 'omitted', lines: before.lines + lines };
      else kept.push({ type: 'omitted', lines });
    }
    this.pending = kept;
    this.size = kept.reduce((sum, entry) => sum + sizeOf(entry), 0);
  }
}
