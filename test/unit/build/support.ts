import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { outline, linesOfStep } from '../../../src/build/dockerfile';
import { RawJsonReader, type SolveStatus } from '../../../src/build/rawjson';
import { StepTracker } from '../../../src/build/steps';
import type { BuildEvent } from '../../../src/build';
import { Redactor } from '../../../src/tools';

/** A recorded output; `*.rawjson` are those of buildx 0.13.1 with Docker Engine 26.1.5. */
export function fixture(name: string): string {
  return readFileSync(join(__dirname, 'fixtures', name), 'utf8');
}

export function fixturePath(name: string): string {
  return join(__dirname, 'fixtures', name);
}

/** What the reader makes of an output. */
export function read(output: string): { statuses: SolveStatus[]; text: string[] } {
  const statuses: SolveStatus[] = [];
  const text: string[] = [];
  const reader = new RawJsonReader(
    (status) => statuses.push(status),
    (line) => text.push(line),
  );
  for (const line of output.split('\n')) reader.line(line);
  reader.end();
  return { statuses, text };
}

/** Replays an output through reader and tracker. */
export async function replay(output: string, dockerfile?: string) {
  const events: BuildEvent[] = [];
  const lines = dockerfile === undefined ? undefined : await outline(dockerfile);
  const redactor = new Redactor();
  redactor.add('the cause');
  const tracker = new StepTracker({
    redactor,
    onEvent: (event) => events.push(event),
    linesOf: (name) => lines && linesOfStep(lines, name),
  });
  const { statuses, text } = read(output);
  for (const status of statuses) tracker.take(status);
  tracker.end();
  return { tracker, events, text };
}
