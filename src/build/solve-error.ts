import type { LineRange } from './types';

/** What buildx says at the end of a build that failed. */
export interface SolveError {
  /** Without `ERROR: failed to solve:`. */
  readonly message: string;
  /** Lines of the Dockerfile that it marks. */
  readonly lines?: LineRange;
}

/**
 * Reads the plain lines at the end of a failed build:
 *
 * ```text
 * Dockerfile:4
 * --------------------
 *    3 |     # comment
 *    4 | >>> RUN false
 * --------------------
 * ERROR: failed to solve: process "/bin/sh -c false" did not complete successfully: exit code: 1
 * ```
 */
export function readSolveError(text: readonly string[]): SolveError {
  const marked = text.flatMap((line) => /^\s*(\d{1,7}) \| >>> /.exec(line)?.[1] ?? []).map(Number);
  const first = marked[0];
  const start = text.findIndex((line) => /^(ERROR|error): /.test(line));
  const message = (start < 0 ? text : text.slice(start))
    .join('\n')
    .trim()
    .replace(/^error: /i, '')
    .replace(/^failed to (build: failed to )?solve: /, '');
  const named = /parse error on line (\d{1,7})/.exec(message)?.[1];
  const lines =
    first !== undefined
      ? { first, last: marked.at(-1) ?? first }
      : named !== undefined
        ? { first: Number(named), last: Number(named) }
        : undefined;
  return { message: withoutMiddle(message), ...(lines ? { lines } : {}) };
}

/** What is kept of either end of a message, UTF-16 code units. */
const END_LENGTH = 32 * 1024;

/** A message may quote a whole script. What went wrong stands before or behind it. */
function withoutMiddle(message: string): string {
  return message.length <= 2 * END_LENGTH ? message : `${message.slice(0, END_LENGTH)}…${message.slice(-END_LENGTH)}`;
}
