import { fullSecond, type Timestamp } from './timestamp';

/** How many of the last deliveries are remembered one by one. */
const REMEMBERED = 1024;

/**
 * How far one container's log has been delivered, so that a stream opened again goes on exactly there.
 *
 * The log API resumes by full seconds only, hence a reopened stream repeats lines; they are told apart by timestamp.
 * Timestamps may be equal, and lines that a container writes to stdout and stderr at the same time may be recorded
 * out of order. So the last deliveries are remembered one by one, as a multiset, and everything before them by its
 * latest timestamp and how often that one occurred.
 */
export class ResumePoint {
  private readonly recent: Timestamp[] = [];
  private oldest = 0;
  /** Latest timestamp among the deliveries no longer remembered one by one. */
  private bound: Timestamp | undefined;
  private boundCount = 0;
  private latest: Timestamp | undefined;
  private lastDelivered: Timestamp | undefined;

  /**
   * @param from lines before this are not wanted.
   * @param fromFirst lines before the first one delivered are not wanted, because the first stream began in the
   * middle of the log (`tailLines`).
   */
  constructor(
    private from?: Timestamp,
    private readonly fromFirst = false,
    private readonly remembered = REMEMBERED,
  ) {}

  /** Timestamp of the last delivered record; undefined before the first. */
  get last(): Timestamp | undefined {
    return this.lastDelivered;
  }

  /** Whether the next stream is the first one of a log that is wanted from the middle on. */
  get takesTail(): boolean {
    return this.fromFirst && this.lastDelivered === undefined;
  }

  /** The value of `sinceTime` for the next stream; undefined: from the beginning. */
  get sinceTime(): string | undefined {
    // One second more than needed covers lines recorded out of order around the turn of a second.
    if (this.latest !== undefined) return fullSecond(this.latest, 1);
    return this.from === undefined ? undefined : fullSecond(this.from);
  }

  /** Notes a record as delivered. */
  record(timestamp: Timestamp): void {
    if (this.lastDelivered === undefined && this.fromFirst) this.from = timestamp;
    this.lastDelivered = timestamp;
    if (this.latest === undefined || timestamp > this.latest) this.latest = timestamp;
    if (this.recent.length < this.remembered) {
      this.recent.push(timestamp);
      return;
    }
    this.forget(this.recent[this.oldest] ?? timestamp);
    this.recent[this.oldest] = timestamp;
    this.oldest = (this.oldest + 1) % this.remembered;
  }

  /** Whether a timestamp lies so far back that everything of it has been delivered, lines out of order included. */
  hasPassed(timestamp: Timestamp): boolean {
    return this.bound !== undefined && timestamp < this.bound;
  }

  /** Begins to compare a stream opened with {@link sinceTime} against what has been delivered. */
  replay(): Replay {
    return new Replay(this.recent, this.bound, this.boundCount, this.from, this.latest, this.lastDelivered);
  }

  private forget(timestamp: Timestamp): void {
    if (this.bound === undefined || timestamp > this.bound) {
      this.bound = timestamp;
      this.boundCount = 1;
    } else if (timestamp === this.bound) {
      this.boundCount++;
    }
  }
}

/** Tells the records of one reopened stream that are new from those that repeat. */
export class Replay {
  private readonly pending = new Map<Timestamp, number>();
  private outstanding: number;
  private matched = false;
  private reached: boolean;

  constructor(
    delivered: readonly Timestamp[],
    private readonly bound: Timestamp | undefined,
    private boundCount: number,
    private readonly from: Timestamp | undefined,
    private readonly latest: Timestamp | undefined,
    private readonly last: Timestamp | undefined,
  ) {
    this.reached = last === undefined;
    for (const timestamp of delivered) this.pending.set(timestamp, (this.pending.get(timestamp) ?? 0) + 1);
    this.outstanding = delivered.length;
  }

  /**
   * Whether the stream has repeated something delivered earlier. A stream that comes to something new without that is
   * not the continuation of what was delivered: the log was rotated, or it is another container's.
   */
  get overlaps(): boolean {
    return this.matched || this.latest === undefined;
  }

  /** Whether the stream has come as far as what was delivered last; one that ends before was cut off. */
  get caughtUp(): boolean {
    return this.reached;
  }

  /** Whether a record, of which every one of the stream must be asked about in order, is new. */
  isNew(timestamp: Timestamp): boolean {
    if (this.from !== undefined && timestamp < this.from) return false;
    if (this.outstanding === 0 && this.boundCount === 0) return true;
    if (this.latest !== undefined && timestamp > this.latest) return true;
    if (this.bound !== undefined && timestamp < this.bound) return false;
    if (timestamp === this.last) this.reached = true;
    if (timestamp === this.bound && this.boundCount > 0) {
      this.boundCount--;
      this.matched = true;
      return false;
    }
    const count = this.pending.get(timestamp) ?? 0;
    if (count === 0) return true;
    this.pending.set(timestamp, count - 1);
    this.outstanding--;
    this.matched = true;
    return false;
  }
}
