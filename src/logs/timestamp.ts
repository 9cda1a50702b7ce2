/**
 * A moment in UTC as `YYYY-MM-DDThh:mm:ss.nnnnnnnnnZ`, always 30 characters: comparing two as text compares them in
 * time.
 */
export type Timestamp = string;

export const TIMESTAMP_LENGTH = 30;

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** Brings an RFC 3339 time (any zone, up to nine decimals, trailing zeros trimmed or not) into its one form. */
export function toTimestamp(text: string): Timestamp | undefined {
  const [, seconds, decimals = '', zone] = RFC3339.exec(text) ?? [];
  if (seconds === undefined || zone === undefined) return undefined;
  const utc = zone === 'Z' ? seconds : inUtc(`${seconds}${zone}`);
  return utc && `${utc}.${decimals.padEnd(9, '0')}Z`;
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

function inUtc(text: string): string | undefined {
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) ? undefined : new Date(milliseconds).toISOString().slice(0, 19);
}
