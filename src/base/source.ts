/** A place in a text file. Lines and columns count from 1, columns in UTF-16 code units, as editors show them. */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
}

/** A stretch of a text file; `end` is exclusive. */
export interface SourceRange {
  /** Absolute path. */
  readonly file: string;
  readonly start: SourcePosition;
  readonly end: SourcePosition;
}

/** Something wrong in a file of the repository. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  /** Stable identifier in kebab-case, for tests and for documentation. */
  readonly code: string;
  /** One sentence that names the cause. */
  readonly message: string;
  readonly range: SourceRange;
  /** What to do about it, one sentence. */
  readonly hint?: string;
}

/** `file:line:column`, the form that terminals and editors turn into a link. */
export function formatLocation(range: SourceRange): string {
  return `${range.file}:${range.start.line}:${range.start.column}`;
}

/** The first position of a file, for problems that concern the file as a whole. */
export function startOfFile(file: string): SourceRange {
  return { file, start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };
}
