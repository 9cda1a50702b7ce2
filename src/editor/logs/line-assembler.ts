import type { LogEvent, LogLine } from '../../logs';
import type { LogEntry } from './entries';

/** Longest line shown, UTF-16 code units. Editors and terminals stall on longer ones, and nobody reads them. */
export const LINE_LIMIT = 8192;

/** Puts the pieces of long lines together and cuts what is too long, whatever other containers write in between. */
export class LineAssembler {
  private readonly begun = new Map<string, { readonly first: LogLine; text: string; length: number }>();

  /** The entries that an event completes. */
  take(event: LogEvent): LogEntry[] {
    switch (event.type) {
      case 'line':
        // What almost all lines are: whole, short, and no part of another.
        return this.begun.size === 0 && isShown(event) ? [event] : this.takeLine(event.line);
      case 'ended':
      case 'gap':
        return [...this.finish(keyOf(event)), event];
      default:
        return [event];
    }
  }

  private takeLine(line: LogLine): LogEntry[] {
    const key = keyOf(line);
    const open = this.begun.get(key);
    if (!open) {
      if (!line.continues) return [entryOf(line, line.text, line.text.length)];
      this.begun.set(key, { first: line, text: line.text.slice(0, LINE_LIMIT), length: line.text.length });
      return [];
    }
    open.text += line.text.slice(0, LINE_LIMIT - open.text.length);
    open.length += line.text.length;
    return line.continues ? [] : this.finish(key);
  }

  private finish(key: string): LogEntry[] {
    const open = this.begun.get(key);
    if (!open) return [];
    this.begun.delete(key);
    return [entryOf(open.first, open.text, open.length)];
  }
}

function isShown(event: LineEvent): event is LineEvent & { readonly line: { readonly continues?: never } } {
  return !event.line.continues && event.line.text.length <= LINE_LIMIT;
}

type LineEvent = Extract<LogEvent, { type: 'line' }>;

function keyOf({ pod, container }: { readonly pod: string; readonly container: string }): string {
  return `${pod}/${container}`;
}

function entryOf(first: LogLine, text: string, length: number): LogEntry {
  const { pod, podUid, container, restart, timestamp, unterminated } = first;
  const shown = text.slice(0, LINE_LIMIT);
  const line = { pod, podUid, container, restart, timestamp, text: shown };
  const more = {
    ...(unterminated ? { unterminated } : {}),
    ...(length > shown.length ? { cut: length - shown.length } : {}),
  };
  return { type: 'line', line: { ...line, ...more } };
}
