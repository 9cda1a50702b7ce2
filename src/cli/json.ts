import { Failure } from '../base';
import type { Renderer, Output } from './renderer';

/**
 * `--output json`: one event a line, each with its time; the last line has the type `outcome`. Fields are those of
 * `RunEvent`; a failure is `{code, fault, summary, evidence, nextSteps, related, range?}`.
 */
export function jsonRenderer(out: Output, now: () => Date = () => new Date()): Renderer {
  const write = (value: object) =>
    out.write(`${escaped(JSON.stringify({ time: now().toISOString(), ...value }, plain))}\n`);
  return {
    event: (event) => write(event),
    outcome: (outcome) => write({ type: 'outcome', ...outcome }),
    dispose: () => undefined,
  };
}

/** JSON.stringify leaves out what an Error holds; a failure's fields are its content. */
function plain(_key: string, value: unknown): unknown {
  if (!(value instanceof Failure)) return value;
  const { code, fault, summary, evidence, nextSteps, related, range } = value;
  return { code, fault, summary, evidence, nextSteps, related, range };
}

/** JSON escapes what controls a terminal but for this, which some terminals obey, too; it stays the same JSON. */
function escaped(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
