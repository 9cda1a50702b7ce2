import {
  Diagnostic,
  DiagnosticRelatedInformation,
  DiagnosticSeverity,
  Location,
  Uri,
  languages,
  type DiagnosticCollection,
} from 'vscode';
import { harmless, type Failure, type Problem, type RelatedPlace, type SourceRange } from '../base';
import type { Trouble } from '../state';
import type { AppFolder } from './app-folder';
import { aboutJob, aboutLive, toRange, type About } from './failure-message';
import { placeOf } from './failure-place';
import type { Folders, InFolder } from './folders';
import type { JobEnd, JobEvent, RunningJob } from './jobs';
import { Owner } from './owner';
import type { RestrictedFiles } from './restricted-files';

const SOURCE = 'Velocitas';
/** Code of the failure that stands for the problems of the repository's files, which the picture tells as long as they are. */
const FILES_FAILURE = 'repository-invalid';

/** A failure that is told at a line. */
export interface ToldFailure {
  readonly failure: Failure;
  readonly about: About;
}

/**
 * What is wrong, at its line: the problems of the repository's files as they are read; why pods do not run, as long as
 * they do not; and the places that the last job of a folder named, until its next job has ended, or names at the moment
 * if it is a live update.
 */
export class Diagnostics extends Owner {
  private readonly collection: DiagnosticCollection = this.own(languages.createDiagnosticCollection('velocitas'));
  /** By the root of the folder. */
  private readonly ofJobs = new Map<string, readonly Told[]>();
  private readonly warned = new WeakMap<RunningJob, Told[]>();
  private told = new Map<string, readonly (readonly [Diagnostic, ToldFailure])[]>();
  private drawn: Contents = { problems: [], failures: [] };

  constructor(
    private readonly folders: Folders,
    private readonly restrictedFiles: RestrictedFiles,
  ) {
    super();
    this.own(folders.onDidChange(() => this.draw()));
    this.own(folders.onDidEmit((event) => this.hear(event)));
    this.own(folders.onDidEndJob((end) => this.take(end)));
    this.own(restrictedFiles.onDidChange(() => this.draw()));
  }

  /** The failure that one of our diagnostics tells of; the editor hands out copies of them. */
  failureAt(uri: Uri, diagnostic: Diagnostic): ToldFailure | undefined {
    return this.told
      .get(uri.toString())
      ?.find(([known]) => known.message === diagnostic.message && known.range.isEqual(diagnostic.range))?.[1];
  }

  private hear({ folder, job, event }: InFolder<JobEvent>): void {
    if (job.live) {
      this.tellLive(folder, job, job.live);
      return;
    }
    if (event.type !== 'warning' || !event.explanation) return;
    const before = this.warned.get(job) ?? [];
    this.warned.set(job, [
      ...before,
      { severity: 'warning', failure: event.explanation, about: aboutJob(folder, job) },
    ]);
  }

  /** What the job before it told is over when the app is up. */
  private tellLive(folder: AppFolder, job: RunningJob, live: NonNullable<RunningJob['live']>): void {
    const { isUp } = live;
    const troubles = live.troubles.filter(({ code }) => code !== FILES_FAILURE);
    const known = this.warned.get(job) ?? (isUp ? undefined : []);
    if (known?.length === troubles.length && troubles.every((failure, index) => failure === known[index]?.failure))
      return;
    const told = troubles.map((failure): Told => ({ severity: 'warning', failure, about: aboutLive(folder, job) }));
    this.warned.set(job, told);
    this.ofJobs.set(folder.session.root, told);
    this.draw();
  }

  private take({ folder, job, outcome }: InFolder<JobEnd>): void {
    const told = [...(this.warned.get(job) ?? [])];
    if (outcome.status === 'failed' && outcome.failure.code !== FILES_FAILURE)
      told.push({ severity: 'error', failure: outcome.failure, about: aboutJob(folder, job) });
    this.ofJobs.set(folder.session.root, told);
    this.draw();
  }

  private draw(): void {
    const contents = this.contents();
    // Most changes of a picture are none of what is told.
    if (isSameContents(this.drawn, contents)) return;
    this.drawn = contents;
    const byFile = new Map<string, Diagnostic[]>();
    const told = new Map<string, (readonly [Diagnostic, ToldFailure])[]>();
    for (const problem of contents.problems) put(byFile, problem.range.file, ofProblem(problem));
    for (const { severity, failure, about } of contents.failures) {
      if (!failure.range) continue;
      const diagnostic = ofFailure(failure, failure.range, severity);
      put(byFile, failure.range.file, diagnostic);
      put(told, Uri.file(failure.range.file).toString(), [diagnostic, { failure, about }] as const);
      for (const place of failure.related) {
        if (place.evidence) put(byFile, place.range.file, ofPlace(place, failure, failure.range, severity));
      }
    }
    this.told = told;
    this.collection.clear();
    this.collection.set([...byFile].map(([file, diagnostics]) => [Uri.file(file), diagnostics]));
  }

  private contents(): Contents {
    const { all } = this.folders;
    const failures = all.flatMap((folder) => {
      const ofJob = this.ofJobs.get(folder.session.root) ?? [];
      // The job has heard the app's last words, which the picture has not.
      const told = new Set(ofJob.map(({ failure }) => placeOf(failure)));
      return [...ofJob, ...troublesIn(folder).filter(({ failure }) => !told.has(placeOf(failure)))];
    });
    return {
      problems: [...this.restrictedFiles.problems, ...all.flatMap(({ picture }) => picture.problems)],
      failures,
    };
  }
}

/** All that is told. */
interface Contents {
  readonly problems: readonly Problem[];
  readonly failures: readonly Told[];
}

function isSameContents(before: Contents, after: Contents): boolean {
  return (
    before.problems.length === after.problems.length &&
    before.failures.length === after.failures.length &&
    after.problems.every((problem, index) => problem === before.problems[index]) &&
    after.failures.every((told, index) => isSameTold(told, before.failures[index]))
  );
}

function isSameTold(one: Told, other: Told | undefined): boolean {
  if (one === other) return true;
  const [target, before] = [one.about.target, other?.about.target];
  return (
    one.failure === other?.failure &&
    one.severity === other.severity &&
    target?.folder === before?.folder &&
    target?.app === before?.app &&
    target?.pod === before?.pod
  );
}

type Told = ToldFailure & Trouble;

/** Why pods and Services of a folder's apps do not do what they are to do. */
function troublesIn(folder: AppFolder): Told[] {
  return folder.picture.apps.flatMap((app) => {
    const about = (pod?: string): About => ({
      origin: { ofApp: true, again: 'run' },
      target: { folder, app: app.id, ...(pod === undefined ? {} : { pod }) },
    });
    // Pods of one kind fail in one way.
    const seen = new Set<string>();
    const failing: Told[] = [];
    for (const { name, failure, deleting } of app.pods) {
      if (!failure || deleting || seen.has(placeOf(failure))) continue;
      seen.add(placeOf(failure));
      failing.push({ severity: 'error', failure, about: about(name) });
    }
    return [...failing, ...app.troubles.map((trouble) => ({ ...trouble, about: about() }))];
  });
}

function put<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, [item]);
}

function ofProblem({ severity, code, message, hint, range }: Problem): Diagnostic {
  const text = linesOf(message, ...(hint === undefined ? [] : [hint]));
  const diagnostic = new Diagnostic(toRange(range), text, levelOf(severity));
  return Object.assign(diagnostic, { source: SOURCE, code });
}

function ofFailure(
  { summary, evidence, nextSteps, code, related }: Failure,
  range: SourceRange,
  severity: Trouble['severity'],
): Diagnostic {
  const message = linesOf(summary, ...evidence.slice(-EVIDENCE_LINES), ...nextSteps);
  const diagnostic = new Diagnostic(toRange(range), message, levelOf(severity));
  const relatedInformation = related.map(
    (place) =>
      new DiagnosticRelatedInformation(
        new Location(Uri.file(place.range.file), toRange(place.range)),
        linesOf(place.message),
      ),
  );
  return Object.assign(diagnostic, { source: SOURCE, code, relatedInformation });
}

/** Another place of a failure, where it is a problem of its own. @param range where the failure is told. */
function ofPlace(
  { range: own, message, evidence = [] }: RelatedPlace,
  { code, summary }: Failure,
  range: SourceRange,
  severity: Trouble['severity'],
): Diagnostic {
  const text = linesOf(message, ...evidence.slice(-EVIDENCE_LINES));
  const diagnostic = new Diagnostic(toRange(own), text, levelOf(severity));
  const first = new Location(Uri.file(range.file), toRange(range));
  const relatedInformation = [new DiagnosticRelatedInformation(first, linesOf(summary))];
  return Object.assign(diagnostic, { source: SOURCE, code, relatedInformation });
}

function levelOf(severity: Problem['severity']): DiagnosticSeverity {
  return severity === 'error' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning;
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
