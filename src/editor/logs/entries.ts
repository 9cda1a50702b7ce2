import type { LogEvent, LogLine } from '../../logs';

/** A whole line, however many pieces it came in; of a very long one the beginning only. */
export interface ShownLine extends Omit<LogLine, 'continues'> {
  /** So many UTF-16 code units of it are not in `text`. */
  readonly cut?: number;
}

/** What a view of a log shows: the feed's events, and in the place of lines that came too fast a count of them. */
export type LogEntry =
  | { readonly type: 'line'; readonly line: ShownLine }
  | Exclude<LogEvent, { type: 'line' }>
  | { readonly type: 'omitted'; readonly lines: number }
  /** Whoever wrote is there no more, although nothing told of an end: the whole runtime is gone. Nothing shows it. */
  | { readonly type: 'gone' };

/** What an entry takes of the bounds, about the UTF-16 code units it is shown with. */
export function sizeOf(entry: LogEntry): number {
  return entry.type === 'line' ? entry.line.text.length + OVERHEAD : OVERHEAD;
}

/** Line break, prefix, and what remembering a short line costs. */
const OVERHEAD = 32;

/** Which entries a view of one pod or one container shows. */
export interface EntryFilter {
  readonly pod: string;
  readonly container?: string;
}

/** Whether a filtered view shows an entry; what concerns all containers is shown in all views. */
export function passes(entry: LogEntry, { pod, container }: EntryFilter): boolean {
  if (!('pod' in entry) && entry.type !== 'line') return true;
  const source = entry.type === 'line' ? entry.line : entry;
  return source.pod === pod && (container === undefined || source.container === container);
}
