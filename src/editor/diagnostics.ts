import {
  Diagnostic,
  DiagnosticRelatedInformation,
  DiagnosticSeverity,
  Location,
  Uri,
  languages,
  type DiagnosticCollection,
} from 'vscode';
import { harmless, type Failure, type Problem, type SourceRange } from '../base';
import { toRange } from './failure-message';
import type { Folders, InFolder } from './folders';
import type { JobEnd } from './jobs';
import { Owner } from './owner';
import type { RestrictedFiles } from './restricted-files';

const SOURCE = 'Velocitas';
/** Code of the failure that stands for the problems of the repository's files. */
const FILES_FAILURE = 'repository-invalid';

/**
 * What is wrong, at its line: the problems of the repository's files as they are read, and the place that the last job
 * of a folder failed at, until its next job has ended.
 */
export class Diagnostics extends Owner {
  private readonly collection: DiagnosticCollection = this.own(languages.createDiagnosticCollection('velocitas'));
  private readonly failures = new Map<string, Failure>();

  constructor(
    private readonly folders: Folders,
    private readonly restrictedFiles: RestrictedFiles,
  ) {
    super();
    this.own(folders.onDidChange(() => this.draw()));
    this.own(folders.onDidEndJob((end) => this.take(end)));
    this.own(restrictedFiles.onDidChange(() => this.draw()));
  }

  private take({ folder, outcome }: InFolder<JobEnd>): void {
    const { root } = folder.session;
    // What is wrong with the files is told as long as it is wrong, by the picture.
    if (outcome.status === 'failed' && outcome.failure.code !== FILES_FAILURE) this.failures.set(root, outcome.failure);
    else this.failures.delete(root);
    this.draw();
  }

  private draw(): void {
    const byFile = new Map<string, Diagnostic[]>();
    const add = (range: SourceRange, diagnostic: Diagnostic) => {
      byFile.set(range.file, [...(byFile.get(range.file) ?? []), diagnostic]);
    };
    const problems = [...this.restrictedFiles.problems, ...this.folders.all.flatMap(({ picture }) => picture.problems)];
    for (const problem of problems) add(problem.range, ofProblem(problem));
    for (const { session } of this.folders.all) {
      const failure = this.failures.get(session.root);
      if (failure?.range) add(failure.range, ofFailure(failure, failure.range));
    }
    this.collection.clear();
    this.collection.set([...byFile].map(([file, diagnostics]) => [Uri.file(file), diagnostics]));
  }
}

function ofProblem({ severity, code, message, hint, range }: Problem): Diagnostic {
  const level = severity === 'error' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning;
  const diagnostic = new Diagnostic(toRange(range), linesOf(message, ...(hint === undefined ? [] : [hint])), level);
  return Object.assign(diagnostic, { source: SOURCE, code });
}

function ofFailure({ summary, evidence, nextSteps, code, related }: Failure, range: SourceRange): Diagnostic {
  const message = linesOf(summary, ...evidence.slice(-EVIDENCE_LINES), ...nextSteps);
  const diagnostic = new Diagnostic(toRange(range), message, DiagnosticSeverity.Error);
  const relatedInformation = related.map(
    (place) =>
      new DiagnosticRelatedInformation(
        new Location(Uri.file(place.range.file), toRange(place.range)),
        linesOf(place.message),
      ),
  );
  return Object.assign(diagnostic, { source: SOURCE, code, relatedInformation });
}

/** The editor shows it as plain text, in which nothing shall hide what stands there or change its order. */
function linesOf(...texts: readonly string[]): string {
  return texts
    .flatMap((text) => text.split(/\r?\n/))
    .map((line) => harmless(line, false))
    .join('\n');
}

/** Lines of evidence in a hover; the output has them all. */
const EVIDENCE_LINES = 12;
