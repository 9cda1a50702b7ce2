import type { StackContext } from '../stack/types';
import type { TestBed } from './bed';
import type { PeerResult, Row } from './statistics';

/** Something that is measured. */
export interface Scenario {
  readonly name: string;
  readonly description: string;
  /** Rows are called like the scenario, or `<scenario>/…`. */
  measure(bed: TestBed, context: StackContext, note: (line: string) => void): Promise<Row | readonly Row[]>;
}

/** What was measured last, in words. */
export function lastOf(measured: Readonly<Record<string, readonly PeerResult[]>>, unit = 's', digits = 2): string {
  const words = (value: PeerResult) => (value === undefined ? 'nothing' : `${value.toFixed(digits)} ${unit}`);
  return Object.entries(measured)
    .map(([name, values]) => `${name} ${words(values.at(-1))}`)
    .join(', ');
}
