import { TIMESTAMP_LENGTH, isTimestampAt, toTimestamp, type Timestamp } from './timestamp';

/** Longest text of one record, in bytes; a longer line comes in pieces, so that memory stays bounded. */
export const MAX_RECORD_BYTES = 64 * 1024;

/** One line, or a piece of a very long one, of a log stream with timestamps. */
export interface LogRecord {
  /** Undefined: no container wrote this, the kubelet did (an error in mid-stream, or the end of an older line). */
  readonly timestamp: Timestamp | undefined;
  readonly text: string;
  /** More of the same line follows. */
  readonly continues: boolean;
}

/** A record that a container wrote. */
export type TimedRecord = LogRecord & { readonly timestamp: Timestamp };

/**
 * Cuts the body of `…/log?timestamps=true` into records. Where a long line is cut depends on its content alone, never
 * on how the bytes arrived: a stream read again yields the same records, which {@link ResumePoint} builds upon.
 */
export class RecordSplitter {
  private rest: Buffer = EMPTY;
  /** Set while the pieces of a long line come: their common timestamp. */
  private open: { readonly timestamp: Timestamp | undefined } | undefined;

  constructor(
    private readonly onRecord: (record: LogRecord) => void,
    private readonly maxBytes = MAX_RECORD_BYTES,
  ) {}

  write(chunk: Buffer): void {
    const searched = this.rest.length;
    const data = searched === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    let start = 0;
    for (let end = data.indexOf(NEWLINE, searched); end >= 0; end = data.indexOf(NEWLINE, start)) {
      const textStart = this.takePieces(data, start, end);
      this.emitLast(data, textStart, data[end - 1] === CARRIAGE_RETURN && end > textStart ? end - 1 : end);
      start = end + 1;
    }
    if (data.length - start > this.maxBytes + LONGEST_HEADER) start = this.takePieces(data, start, data.length);
    // A copy, because a view would keep the whole chunk alive.
    this.rest = start === data.length ? EMPTY : Buffer.from(data.subarray(start));
  }

  /**
   * What stands behind the last line break. Whether it is a whole line (a container may end without a line break) or
   * one that was cut off, only whoever knows why the stream ended can tell.
   */
  remainder(): LogRecord | undefined {
    if (this.open) return { ...this.open, text: this.rest.toString('utf8'), continues: false };
    if (this.rest.length === 0) return undefined;
    const header = readHeader(this.rest, 0, this.rest.length);
    return { timestamp: header.timestamp, text: this.rest.toString('utf8', header.end), continues: false };
  }

  /** Emits full pieces of the line in `data[start, end)` and returns where its last piece begins. */
  private takePieces(data: Buffer, start: number, end: number): number {
    let position = start;
    let { open } = this;
    if (!open) {
      const header = readHeader(data, start, end);
      open = { timestamp: header.timestamp };
      position = header.end;
      if (end - position <= this.maxBytes && data[end] !== NEWLINE) return start;
    }
    while (end - position > this.maxBytes) {
      const cut = characterStart(data, position + this.maxBytes, position);
      this.onRecord({ ...open, text: data.toString('utf8', position, cut), continues: true });
      position = cut;
    }
    this.open = open;
    return position;
  }

  private emitLast(data: Buffer, start: number, end: number): void {
    this.onRecord({ timestamp: this.open?.timestamp, text: data.toString('utf8', start, end), continues: false });
    this.open = undefined;
  }
}

const EMPTY = Buffer.alloc(0);
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const LONGEST_HEADER = 40;

/** The timestamp at the start of a line and where its text begins: behind the space, or at the start without one. */
function readHeader(data: Buffer, start: number, end: number): { timestamp: Timestamp | undefined; end: number } {
  const space = start + TIMESTAMP_LENGTH;
  if (space < end && data[space] === SPACE && isTimestampAt(data, start)) {
    return { timestamp: data.toString('latin1', start, space), end: space + 1 };
  }
  const found = data.subarray(start, Math.min(end, start + LONGEST_HEADER)).indexOf(SPACE);
  const timestamp = found < 0 ? undefined : toTimestamp(data.toString('latin1', start, start + found));
  return timestamp === undefined ? { timestamp, end: start } : { timestamp, end: start + found + 1 };
}

/** The last place at or before `position` where a UTF-8 character begins; `position` itself if there is none near. */
function characterStart(data: Buffer, position: number, lowest: number): number {
  for (let candidate = position; candidate > position - 4 && candidate > lowest; candidate--) {
    if (((data[candidate] ?? 0) & 0xc0) !== 0x80) return candidate;
  }
  return position;
}
