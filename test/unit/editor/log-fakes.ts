import type { LogEvent, LogLine } from '../../../src/logs';
import type { LogEntry } from '../../../src/editor/logs/entries';
import type { LogWords } from '../../../src/editor/logs/renderer';

export const POD = 'sampleapp-6d5f7c9b4d-x7k2p';
export const OTHER_POD = 'sampleapp-84b9c5d7f6-q9z4m';

export function line(text: string, more: Partial<LogLine> = {}): LogLine {
  const pod = more.pod ?? POD;
  const own = { pod, podUid: `uid-${pod}`, container: 'app', restart: 0, timestamp: '2026-11-24T08:00:00.000000000Z' };
  return { ...own, text, ...more };
}

export function lineEvent(text: string, more: Partial<LogLine> = {}): LogEvent & LogEntry {
  return { type: 'line', line: line(text, more) };
}

export function started(pod = POD, container = 'app', restart = 0): LogEvent & LogEntry {
  return { type: 'started', pod, container, restart };
}

export function ended(pod = POD, container = 'app', restart = 0): LogEvent & LogEntry {
  return { type: 'ended', pod, container, restart, exitCode: 1, reason: 'Error' };
}

export const words: LogWords = {
  started: (container, restart) => `${container} started ${restart}`,
  ended: (container, exitCode, reason) => `${container} ended ${exitCode} ${reason}`,
  gap: (container, message) => `gap in ${container}: ${message}`,
  interrupted: (message) => `interrupted: ${message}`,
  resumed: () => 'resumed',
  earlier: () => 'earlier lines',
  omitted: (lines) => `${lines} left out`,
  unterminated: () => 'unended',
  cut: (characters) => `${characters} more`,
};

/** A clock that stands still until it is told to go on. */
export class FakeClock {
  private time = 0;
  private timers: { readonly at: number; readonly callback: () => void }[] = [];

  readonly now = () => this.time;

  readonly after = (ms: number, callback: () => void) => {
    const timer = { at: this.time + ms, callback };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((candidate) => candidate !== timer);
    };
  };

  get waiting(): number {
    return this.timers.length;
  }

  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const [next] = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.timers = this.timers.filter((timer) => timer !== next);
      this.time = Math.max(this.time, next.at);
      next.callback();
    }
    this.time = end;
  }
}
