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
/** What may be shown at once, and in the long run per second; in the units of `sizeOf`. */
const BURST = 1024 * 1024;
const PER_SECOND = 256 * 1024;
/** Twice what may be shown: what is left out of a batch may then take as long as it took to come. */
const ROOM = 2 * BURST;
/** Batches for which less than this is left wait for more. */
const WORTHWHILE = PER_SECOND / 8;

/**
 * Hands entries on in batches that a view can keep up with: at once when it has been quiet, else every few
 * milliseconds. Of lines that come faster than anyone can show them the newest are handed on, and a count of the
 * others. What is no line is never left out.
 */
export class Batcher {
  private pending: LogEntry[] = [];
  private size = 0;
  /** So much is kept before anything is left out. */
  private room = ROOM;
  private allowance = BURST;
  private allowedAt: number;
  private flushedAt = -Infinity;
  private cancelTimer: (() => void) | undefined;

  constructor(
    private readonly handOn: (batch: readonly LogEntry[]) => void,
    private readonly time: Clock = clock,
  ) {
    this.allowedAt = time.now();
  }

  push(entry: LogEntry): void {
    this.pending.push(entry);
    this.size += sizeOf(entry);
    if (this.size > this.room) {
      this.shorten(BURST);
      // What stays after all is not gone through again with each entry that comes.
      this.room = Math.max(ROOM, 2 * this.size);
    }
    this.cancelTimer ??= this.time.after(this.waitMs(), () => this.flush());
  }

  /** Hands on what is here now. */
  flush(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    if (this.pending.length === 0) return;
    this.earn();
    this.shorten(this.allowance);
    const batch = this.pending;
    this.allowance = Math.max(0, this.allowance - this.size);
    this.flushedAt = this.time.now();
    this.pending = [];
    this.size = 0;
    this.room = ROOM;
    this.handOn(batch);
  }

  /** Drops what is here; nothing is handed on any more. */
  dispose(): void {
    this.cancelTimer?.();
    this.cancelTimer = () => undefined;
    this.pending = [];
  }

  private waitMs(): number {
    this.earn();
    const interval = this.allowance < WORTHWHILE ? FLOOD_INTERVAL_MS : INTERVAL_MS;
    return Math.max(0, this.flushedAt + interval - this.time.now());
  }

  private earn(): void {
    const now = this.time.now();
    this.allowance = Math.min(BURST, this.allowance + ((now - this.allowedAt) / 1000) * PER_SECOND);
    this.allowedAt = now;
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
