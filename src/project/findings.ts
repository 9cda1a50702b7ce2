import type { Problem, SourceRange } from '../base';

/** What is left to say about a problem once its place is known. */
export type ProblemDetails = Omit<Problem, 'severity' | 'range'>;

/** Most problems of one severity that are told of one file: whoever has so many does not read on. */
const MAX_OF_FILE = 500;

/** Collects, while a repository is read, what is wrong and which files were looked at. */
export class Findings {
  private readonly found: Problem[] = [];
  private readonly said = new Set<string>();
  /** How many problems of one severity a file has. */
  private readonly counts = new Map<string, number>();
  private readonly looked = new Set<string>();

  /** @param boundary root of the repository, symbolic links resolved; absent: nothing counts as outside of it. */
  constructor(readonly boundary?: string) {}

  error(range: SourceRange, details: ProblemDetails): void {
    this.add({ severity: 'error', ...details, range });
  }

  warning(range: SourceRange, details: ProblemDetails): void {
    this.add({ severity: 'warning', ...details, range });
  }

  /** Notes an absolute path as one whose change may change the outcome, whether it exists or not. */
  watch(file: string): void {
    this.looked.add(file);
  }

  get sources(): readonly string[] {
    return [...this.looked];
  }

  /** Everything found, in the order in which the files were looked at, then by place; the same is said once only. */
  get problems(): readonly Problem[] {
    const order = new Map(this.sources.map((file, index) => [file, index]));
    const rank = (problem: Problem) => order.get(problem.range.file) ?? order.size;
    return [...this.found].sort(
      (a, b) =>
        rank(a) - rank(b) || a.range.start.line - b.range.start.line || a.range.start.column - b.range.start.column,
    );
  }

  private add(problem: Problem): void {
    const { code, message, range } = problem;
    const key = JSON.stringify([code, message, range.file, range.start]);
    if (this.said.has(key)) return;
    const kind = JSON.stringify([problem.severity, range.file]);
    const count = this.counts.get(kind) ?? 0;
    if (count === MAX_OF_FILE) return;
    this.counts.set(kind, count + 1);
    this.said.add(key);
    this.found.push(problem);
  }
}
