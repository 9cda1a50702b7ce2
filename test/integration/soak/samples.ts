import { summarise } from '../../bench/statistics';

/** What the extension host and the machine hold at the end of a round. */
export interface Sample {
  /** Bytes of objects after garbage was collected, compiled code left out, and of the whole process. */
  readonly heap: number;
  readonly rss: number;
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
  /** Medians of the second quarter of the rounds, by which everything has been loaded, and of the last. */
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
}

export function flatness(samples: readonly Sample[]): Change {
  return {
    heap: flatnessOf(samples.map(({ heap }) => heap)),
    rowsKept: KEPT_OF_A_ROW * flatnessOf(samples.map(({ drawn }) => drawn)).aRound,
  };
}

function flatnessOf(values: readonly number[]): Flatness {
  const quarter = Math.max(1, Math.floor(values.length / 4));
  const early = summarise(values.slice(quarter, 2 * quarter)).median;
  const late = summarise(values.slice(-quarter)).median;
  const growth = late - early;
  return { early, late, growth, aRound: growth / Math.max(1, values.length - 2 * quarter) };
}
