import type { Disposable } from '../owner';
import type { LogEntry } from './entries';

/** A place where a log is shown. */
export interface LogView extends Disposable {
  /** Shows entries below those shown before. */
  add(entries: readonly LogEntry[]): void;
}
