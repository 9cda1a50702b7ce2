import type { RunEvent } from '../../src/run';
import type { Command } from '../../src/tools';
import { run } from './process';

/** A run, in seconds. */
export interface TimedRun {
  /** From its start until each line was there. */
  readonly seconds: number;
  /** How long each step took; of several apps the longest. */
  readonly steps: Readonly<Record<string, number>>;
}

/** Runs `vapp --output json run --no-follow` and reads from its events how long what took. */
export async function timedRun(command: Command, lines: readonly string[]): Promise<TimedRun> {
  const started = Date.now();
  const output = await run(command);
  const events = output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as RunEvent & { readonly time: string });
  return { seconds: (lastLine(events, lines) - started) / 1000, steps: longestSteps(events) };
}

function lastLine(events: readonly (RunEvent & { readonly time: string })[], lines: readonly string[]): number {
  const times = lines.map((line) => {
    const found = events.find(
      (event) => event.type === 'log' && event.event.type === 'line' && event.event.line.text === line,
    );
    if (!found) throw new Error(`the line "${line}" never came`);
    return Date.parse(found.time);
  });
  return Math.max(...times);
}

function longestSteps(events: readonly RunEvent[]): Record<string, number> {
  const steps: Record<string, number> = {};
  for (const event of events) {
    if (event.type !== 'step' || event.durationMs === undefined) continue;
    steps[event.step] = Math.max(steps[event.step] ?? 0, event.durationMs / 1000);
  }
  return steps;
}
