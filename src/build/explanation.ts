import type { FailureDetails, SourceRange } from '../base';
import type { EngineFacts } from './engine-facts';
import type { BuildRequest, LineRange } from './types';

/** A build that ended badly, as the builder tells it; everything is redacted. */
export interface BrokenBuild {
  readonly request: BuildRequest;
  /** The builder's last word. */
  readonly message: string;
  /** Lines of the Dockerfile that it points at. */
  readonly lines?: LineRange | undefined;
  /** The step that broke, and the end of what it wrote. */
  readonly failed?: { readonly name: string; readonly output: readonly string[] } | undefined;
  /** Whether any step had begun. */
  readonly started: boolean;
  /** Asks the engine what it has to work with. */
  readonly facts?: () => Promise<EngineFacts>;
}

/** What a rule makes of a broken build. */
export type Details = Omit<FailureDetails, 'evidence' | 'range'> & { readonly range?: SourceRange };

/** A rule; undefined when it does not apply. @param range of the lines that the builder points at. */
export type Explanation = (
  broken: BrokenBuild,
  range: SourceRange | undefined,
) => Details | undefined | Promise<Details | undefined>;

const MAX_NAME_LENGTH = 100;

/** A step's name in one line that leaves room for the rest of the sentence. */
export function shortName(failed: BrokenBuild['failed']): string | undefined {
  const name = failed?.name.replace(/\s+/g, ' ').trim();
  return name !== undefined && name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH - 1)}…` : name;
}

export function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

/** The code that a command ended with, by the words of either builder. */
export function exitCodeIn(message: string): number | undefined {
  const code = /(?:exit code: |non-zero code: )(\d{1,9})/.exec(message)?.[1];
  return code === undefined ? undefined : Number(code);
}
