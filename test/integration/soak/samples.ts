import { summarise } from '../../bench/statistics';

/** What the extension host and the machine hold at the end of a round. */
export interface Sample {
  /** Bytes in use after garbage was collected, and of the whole process. */
  readonly heap: number;
  readonly rss: number;
  readonly files: number;
  /** Images of the app: in the engine, and in the node. */
  readonly engineImages: number;
  readonly nodeImages: number;
  readonly containers: number;
}

/** How something has changed. */
export interface Flatness {
  /** Medians of the second quarter of the rounds, by which everything has been loaded, and of the last. */
  readonly early: number;
  readonly late: number;
  readonly growth: number;
}

export function flatness(samples: readonly Sample[]): { readonly heap: Flatness; readonly files: Flatness } {
  return { heap: flatnessOf(samples.map(({ heap }) => heap)), files: flatnessOf(samples.map(({ files }) => files)) };
}

function flatnessOf(values: readonly number[]): Flatness {
  const quarter = Math.max(1, Math.floor(values.length / 4));
  const early = summarise(values.slice(quarter, 2 * quarter)).median;
  const late = summarise(values.slice(-quarter)).median;
  return { early, late, growth: late - early };
}
