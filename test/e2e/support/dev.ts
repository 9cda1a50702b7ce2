import type { ChildProcess } from 'node:child_process';
import type { LiveEvent } from '../../../src/run';
import type { JsonEvent, TestWorkspace, VappResult } from './workspace';

/** Longest wait for what a change is to bring, milliseconds. */
const WAIT_MS = 90_000;

type Told = JsonEvent & { readonly type: LiveEvent['type'] };

type Warning = Extract<JsonEvent, { readonly type: 'warning' }>;

/** A `vapp dev` that runs while a test edits files. */
export class Dev {
  private readonly events: JsonEvent[] = [];
  private readonly ended: Promise<VappResult | Error>;
  private hasEnded = false;
  private child: ChildProcess | undefined;
  /** Up to where lines of the log, and everything else, have been awaited: each comes in its own order. */
  private readonly seen = { log: 0, told: 0 };
  private wake: () => void = () => undefined;

  constructor(workspace: TestWorkspace) {
    this.ended = workspace
      .vapp(['dev'], {
        onStart: (child) => (this.child = child),
        onEvent: (event) => {
          this.events.push(event);
          this.wake();
        },
      })
      .catch((error: unknown) => error as Error)
      .finally(() => {
        this.hasEnded = true;
        this.wake();
      });
  }

  /** The next event that fits, of those that were not awaited yet. What comes before it is passed over. */
  next(what: string, fits: (event: JsonEvent) => boolean): Promise<JsonEvent> {
    return this.nextOf('told', what, (event) => event.type !== 'log' && fits(event));
  }

  private async nextOf(kind: 'log' | 'told', what: string, fits: (event: JsonEvent) => boolean): Promise<JsonEvent> {
    const end = performance.now() + WAIT_MS;
    for (;;) {
      while (this.seen[kind] < this.events.length) {
        const event = this.events[this.seen[kind]++];
        if (event && fits(event)) return event;
      }
      const left = end - performance.now();
      if (left < 0 || this.hasEnded) throw new Error(`never came: ${what}\n${this.lastEvents()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 1000));
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** A line of the app's log. @returns the pod that wrote it. */
  async line(text: string): Promise<string> {
    const event = await this.nextOf('log', `the line "${text}"`, (one) => lineOf(one)?.text === text);
    return lineOf(event)?.pod ?? '';
  }

  /** That a change has been brought somewhere. */
  async told(way: LiveEvent['way']): Promise<Told> {
    const event = await this.next(`a change by ${way}`, (one) => one.type === 'live' && one.way === way);
    return event as Told;
  }

  async warning(): Promise<Warning> {
    const event = await this.next('a warning', ({ type }) => type === 'warning');
    return event as Warning;
  }

  /** The texts of all lines so far. */
  lines(): string[] {
    return this.events.flatMap((event) => lineOf(event)?.text ?? []);
  }

  /** Ends it as Ctrl-C does. */
  async interrupt(): Promise<VappResult> {
    this.child?.kill('SIGINT');
    const result = await this.ended;
    if (result instanceof Error) throw result;
    return result;
  }

  /** Ends it without a chance to tidy up. */
  async kill(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.ended;
  }

  private lastEvents(): string {
    return this.events
      .slice(-15)
      .map((event) => JSON.stringify(event).slice(0, 600))
      .join('\n');
  }
}

function lineOf(event: JsonEvent): { readonly text: string; readonly pod: string } | undefined {
  return event.type === 'log' && event.event.type === 'line' ? event.event.line : undefined;
}
