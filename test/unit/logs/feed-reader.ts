import { messageOf } from '../../../src/base';
import { followLogs, type LogEvent, type LogLine, type LogRequest } from '../../../src/logs';

/** Reads a feed as it comes and lets tests wait for what they expect. */
export class FeedReader {
  readonly events: LogEvent[] = [];
  /** Resolves with what the feed threw, if anything. */
  readonly done: Promise<unknown>;
  private readonly iterator: AsyncIterator<readonly LogEvent[], undefined>;
  private readonly controller = new AbortController();
  private wake: () => void = () => undefined;
  private over = false;

  constructor(request: LogRequest) {
    this.iterator = followLogs({ signal: this.controller.signal, ...request })[Symbol.asyncIterator]();
    this.done = this.read()
      .catch((error: unknown) => error)
      .finally(() => {
        this.over = true;
        this.wake();
      });
  }

  get logLines(): LogLine[] {
    return this.events.flatMap((event) => (event.type === 'line' ? [event.line] : []));
  }

  get lines(): string[] {
    return this.logLines.map(({ text }) => text);
  }

  get gaps(): Extract<LogEvent, { type: 'gap' }>[] {
    return this.events.filter((event) => event.type === 'gap');
  }

  /** The events in short: `RESTART TEXT` for a line, `RESTART TYPE` for what else concerns a container. */
  get summary(): string[] {
    return this.events.map((event) => {
      if (event.type === 'line') return `${event.line.restart} ${event.line.text}`;
      return 'restart' in event ? `${event.restart} ${event.type}` : event.type;
    });
  }

  /** Waits until an event makes the condition true. @throws when the feed is over before. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.over) throw new Error(`The feed is over: ${messageOf(await this.done)}`);
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  untilLines(count: number): Promise<void> {
    return this.until(() => this.lines.length >= count);
  }

  async cancel(): Promise<unknown> {
    this.controller.abort();
    return this.done;
  }

  return(): Promise<IteratorResult<readonly LogEvent[]>> | undefined {
    return this.iterator.return?.();
  }

  private async read(): Promise<void> {
    for (;;) {
      const result = await this.iterator.next();
      if (result.done) return;
      this.events.push(...result.value);
      this.wake();
    }
  }
}
