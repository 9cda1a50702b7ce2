/** What a line of a writer says. */
export interface Written {
  /** A pod writes a `beat` while it has nothing to do, and the `last` line when it has carried out an order. */
  readonly kind: 'beat' | 'line' | 'last';
  readonly order: number;
  readonly pod: string;
  /** Counts all lines of the pod, from 1. */
  readonly number: number;
  /** When it was written, milliseconds since the epoch; 0 where it does not say. */
  readonly at: number;
}

const LINE = /\b(beat|line|last) (\d+) (\S+) (\d+) (\d+(?:\.\d+)?) /;

/** Reads a line, whatever a client has put before it; undefined for one that no writer wrote. */
export function readWritten(text: string): Written | undefined {
  const [, kind, order, pod, number, seconds] = LINE.exec(text) ?? [];
  if (pod === undefined) return undefined;
  const at = 1000 * Number(seconds);
  return { kind: kind as Written['kind'], order: Number(order), pod, number: Number(number), at };
}
