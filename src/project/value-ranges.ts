import type { SourceRange } from '../base';
import { entriesOf, type LocatedNode } from './located-tree';
import type { ValueRanges } from './types';

/** More than any chart has; what an alias repeats in a hostile file would go on for ever. */
const MAX_VALUES = 10_000;

/** The keys of files of values, of which later ones win, as for Helm. */
export function valueRanges(files: readonly (LocatedNode | undefined)[]): ValueRanges {
  const ranges = new Map<string, SourceRange>();
  for (const file of files) collect(file, '', ranges);
  return ranges;
}

function collect(node: LocatedNode | undefined, prefix: string, ranges: Map<string, SourceRange>): void {
  for (const { key, keyRange, value } of entriesOf(node)) {
    if (ranges.size >= MAX_VALUES) return;
    const path = `${prefix}${key}`;
    ranges.set(path, keyRange);
    collect(value, `${path}.`, ranges);
  }
}

/**
 * Where to change a value: where it is set; else where the nearest map around it is; undefined where nothing of it is
 * written down.
 */
export function whereToSet(ranges: ValueRanges, path: string): SourceRange | undefined {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const range = ranges.get(at);
    if (range) return range;
  }
  return ranges.get('');
}
