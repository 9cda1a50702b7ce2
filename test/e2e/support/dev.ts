import type { ChildProcess } from 'node:child_process';
import type { LiveEvent } from '../../../src/run';
import type { JsonEvent, TestWorkspace, VappResult } from './workspace';

/** Longest wait for what a change is to bring, milliseconds. */
const WAIT_MS = 90_000;

type Told = JsonEvent & { readonly type: LiveEvent['type'] };

/** A `vapp dev` that runs while a test edits files. */
export class Dev {
  private readonly events: JsonEvent[] = [];
  private readonly ended: Promise<VappResult | Error>;
  private hasEnded = false;
  private child: ChildProcess | undefined;
  private seen = 0;
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
  async next<T extends JsonEvent>(what: string, fits: (event: JsonEvent) => event is T): Promise<T>;
  async next(what: string, fits: (event: JsonEvent) => boolean): Promise<JsonEvent>;
  async next(what: string, fits: (event: JsonEvent) => boolean): Promise<JsonEvent> {
    const end = performance.now() + WAIT_MS;
    for (;;) {
      while (this.seen < this.events.length) {
        const event = this.events[this.seen++];
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
    const event = await this.next(`the line "${text}"`, (one) => lineOf(one)?.text === text);
    return lineOf(event)?.pod ?? '';
  }

  /** That a change has been brought somewhere. */
  told(): Promise<Told> {
    return this.next('which way a change takes', (event): event is Told => event.type === 'live');
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
