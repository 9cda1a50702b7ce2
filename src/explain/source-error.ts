import type { Location } from './locations';

/** A place in a file, by the path that the tool knew it by. */
export type Place = Pick<Location, 'path' | 'line' | 'column'>;

/** What a compiler, an interpreter or a test found wrong. */
export interface SourceError {
  /** In the tool's words, one line. */
  readonly message: string;
  /** Where, the likeliest first: of a stack trace the innermost call. */
  readonly places: readonly Place[];
  /** Of the output, from 0: where it stands. */
  readonly at: number;
  /** Whether a tool calls it an error; else the line only speaks of some failure. */
  readonly certain: boolean;
  /** The folder that a relative path counts from, where the output names it. */
  readonly folder?: string;
}
