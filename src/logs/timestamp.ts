/**
 * A moment in UTC as `YYYY-MM-DDThh:mm:ss.nnnnnnnnnZ`, always 30 characters: comparing two as text compares them in
 * time.
 */
export type Timestamp = string;

export const TIMESTAMP_LENGTH = 30;

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/**
 * Brings an RFC 3339 time (any zone, up to nine decimals, trailing zeros trimmed or not) into its one form; undefined
 * for what is no time of the years 1 to 9999.
 */
export function toTimestamp(text: string): Timestamp | undefined {
  const [, seconds, decimals = '', zone] = RFC3339.exec(text) ?? [];
  if (seconds === undefined || zone === undefined) return undefined;
  const milliseconds = Date.parse(`${seconds}${zone}`);
  // Not a number is in no range.
  if (!(milliseconds >= FIRST && milliseconds <= LAST)) return undefined;
  return `${new Date(milliseconds).toISOString().slice(0, 19)}.${decimals.padEnd(9, '0')}Z`;
}

const FIRST = Date.parse('0001-01-01T00:00:00Z');
const LAST = Date.parse('9999-12-31T23:59:59Z');

const FORM = '0000-00-00T00:00:00.000000000Z';
/** Of each month, 1 to 12. */
const DAYS = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const ZERO = 0x30;
const NINE = 0x39;

/**
 * Whether a timestamp in its one form begins at a place; a short way for almost all lines, which makes no function on
 * its way, since the bundle gives each one that is made its name. Leap days are left to {@link toTimestamp}.
 */
export function isTimestampAt(bytes: Buffer, start: number): boolean {
  for (let index = 0; index < TIMESTAMP_LENGTH; index++) {
    const byte = bytes[start + index] ?? 0;
    const form = FORM.charCodeAt(index);
    if (form === ZERO ? byte < ZERO || byte > NINE : byte !== form) return false;
  }
  const isYear = numberAt(bytes, start) > 0 || numberAt(bytes, start + 2) > 0;
  return (
    isYear &&
    isWithin(numberAt(bytes, start + 8), 1, DAYS[numberAt(bytes, start + 5)] ?? 0) &&
    isWithin(numberAt(bytes, start + 11), 0, 23) &&
    isWithin(numberAt(bytes, start + 14), 0, 59) &&
    isWithin(numberAt(bytes, start + 17), 0, 59)
  );
}

/** The number that two digits make. */
function numberAt(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) - ZERO) * 10 + (bytes[at + 1] ?? 0) - ZERO;
}

function isWithin(number: number, first: number, last: number): boolean {
  return number >= first && number <= last;
}

/** @throws RangeError for an invalid date. */
export function timestampOf(date: Date): Timestamp {
  return `${date.toISOString().slice(0, -1)}000000Z`;
}

/** The full second that is `earlier` seconds before the one a timestamp lies in, as the log API takes it. */
export function fullSecond(timestamp: Timestamp, earlier = 0): string {
  const milliseconds = Date.parse(`${timestamp.slice(0, 19)}Z`) - earlier * 1000;
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
