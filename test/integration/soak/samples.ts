import { summarise } from '../../bench/statistics';

/** What the extension host and the machine hold at the end of a round. */
export interface Sample {
  /** Bytes of objects after garbage was collected, compiled code left out, and of the whole process. */
  readonly heap: number;
  readonly rss: number;
  /** Open files, without those of processes that were gone again within half a second. */
  readonly files: number;
  /** Images of the app: in the engine, and in the node. */
  readonly engineImages: number;
  readonly nodeImages: number;
  readonly containers: number;
  /** Rows of the tree that the editor has drawn so far. */
  readonly drawn: number;
}

/**
 * What the editor keeps of each row that it has drawn for as long as its view is there, bytes: the store of what is to
 * be disposed of with the row, emptied but still in the store of the view (`_createTreeNode` in `extHostTreeViews.ts`
 * of VS Code 1.99 to 1.139). The store has 40, its set 32 and the table of the set 120, as heap snapshots show.
 */
const KEPT_OF_A_ROW = 192;

/** How something has changed. */
export interface Flatness {
  /** The second quarter of the rounds, by which everything has been loaded, and the last one. */
  readonly early: number;
  readonly late: number;
  readonly growth: number;
  /** The growth by the number of rounds that lie between. */
  readonly aRound: number;
}

export interface Change {
  readonly heap: Flatness;
  /** The part of the heap's growth that is rows the editor keeps, bytes a round. */
  readonly rowsKept: number;
  readonly files: Flatness;
}

/** Of quarters, memory counts by its median, and files by the fewest: what is never closed is in every round. */
export function flatness(samples: readonly Sample[]): Change {
  const of = (value: (sample: Sample) => number, quarter: (values: readonly number[]) => number) =>
    flatnessOf(samples.map(value), quarter);
  return {
    heap: of(({ heap }) => heap, median),
    rowsKept: KEPT_OF_A_ROW * of(({ drawn }) => drawn, median).aRound,
    files: of(({ files }) => files, fewest),
  };
}

function flatnessOf(values: readonly number[], of: (quarter: readonly number[]) => number): Flatness {
  const quarter = Math.max(1, Math.floor(values.length / 4));
  const early = of(values.slice(quarter, 2 * quarter));
  const late = of(values.slice(-quarter));
  const growth = late - early;
  return { early, late, growth, aRound: growth / Math.max(1, values.length - 2 * quarter) };
}

function median(values: readonly number[]): number {
  return summarise(values).median;
}

function fewest(values: readonly number[]): number {
  return Math.min(...values);
}
