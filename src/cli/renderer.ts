import type { Outcome, RunEvent } from '../run';

/** A rendering of the one stream of events. */
export interface Renderer {
  event(event: RunEvent): void;
  /** Called once, at the end; `text` is what a person is shown of the value, if anything. */
  outcome(outcome: Outcome<unknown>, text?: string): void;
  /** Gives the terminal back. */
  dispose(): void;
}

/** Where a renderer writes. */
export interface Output {
  write(text: string): void;
  readonly isTTY: boolean;
  readonly columns: number;
}
