import { readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { Failure, type RelatedPlace, type SourceRange } from '../base';
import type { BuildEvent } from '../build';
import {
  PathIndex,
  findErrors,
  isOfLibrary,
  originsInContext,
  runAtLine,
  type Place,
  type RunPlace,
  type SourceError,
} from '../explain';
import { readStages, type App, type DockerfileStage } from '../project';
import { filesBelow, rangeInSource } from './source-files';
import type { RunEvent } from './types';

/** Where a build takes its files from. */
export type BuildSources = Pick<App, 'dockerfile' | 'context' | 'buildArgs'>;

/** Other errors of one step that are told, besides the first. */
const MAX_OTHERS = 10;
/** Of the output that the evidence does not show, lines around the first error. */
const EXCERPT = 6;

/**
 * Does a build; a failure of a command in it gets the source lines that compilers and interpreters named in its output.
 *
 * @param root of the repository, absolute: no file outside of it is named.
 * @param build gets what has to see the build's events.
 */
export async function locatingBuildErrors<T>(
  root: string,
  sources: BuildSources,
  build: (onEvent: (event: BuildEvent) => void) => Promise<T>,
): Promise<T> {
  const output = new StepOutput();
  try {
    return await build((event) => output.take(event));
  } catch (error) {
    const isOfCommand = error instanceof Failure && error.code === 'build-failed' && error.range !== undefined;
    throw isOfCommand ? await withSources(root, sources, error, output.failed) : error;
  }
}

/** Hands the events of an app's build to its own watcher, and on to everybody. */
export function emitting(
  emit: (event: RunEvent) => void,
  app: App,
  watch: (event: BuildEvent) => void,
): (event: BuildEvent) => void {
  return (event) => {
    watch(event);
    emit({ type: 'build', app: app.id, event });
  };
}

/** What the running steps of a build wrote last. */
class StepOutput {
  /** Of the first step that failed. */
  failed: readonly string[] = [];
  private readonly byStep = new Map<string, string[]>();

  take(event: BuildEvent): void {
    if (event.type === 'output') this.add(event.stepId, event.text);
    if (event.type !== 'step' || event.step.state === 'running') return;
    const lines = this.byStep.get(event.step.id) ?? [];
    if (event.step.state === 'failed' && this.failed.length === 0) this.failed = lines;
    else this.byStep.delete(event.step.id);
  }

  private add(step: string, text: string): void {
    const lines = this.byStep.get(step) ?? [];
    this.byStep.set(step, lines);
    lines.push(text.slice(0, MAX_LINE));
    if (lines.length > 2 * MAX_LINES) lines.splice(0, MAX_LINES);
  }
}

/** At least so many lines of a step are kept, at most twice as many; and so much of each, UTF-16 code units. */
const MAX_LINES = 2_000;
const MAX_LINE = 1_000;

/** Of one stack trace so many places are looked for. */
const MAX_PLACES = 20;

interface Located {
  readonly error: SourceError;
  readonly range: SourceRange;
}

async function withSources(
  root: string,
  sources: BuildSources,
  failure: Failure,
  output: readonly string[],
): Promise<Failure> {
  const errors = findErrors(output);
  const instruction = failure.range;
  if (errors.length === 0 || !instruction) return failure;
  const located = await new Locator(root, sources).locate(errors, instruction.start.line);
  const [first, ...others] = located;
  if (!first) return failure;
  const more = others.length === 0 ? '' : `, and ${others.length} more error${others.length === 1 ? '' : 's'}`;
  return failure.with({
    summary: `${first.error.message}${more}: ${failure.summary}`,
    range: first.range,
    related: [
      { range: instruction, message: failure.summary, evidence: failure.evidence },
      ...others
        .slice(0, MAX_OTHERS)
        .map(({ error, range }): RelatedPlace => ({ range, message: error.message, evidence: [] })),
    ],
    evidence: [...excerpt(output, first.error, failure.evidence), ...failure.evidence],
  });
}

/** The lines of the first error, unless the evidence shows them. */
function excerpt(output: readonly string[], { at }: SourceError, evidence: readonly string[]): string[] {
  const line = output[at] ?? '';
  return evidence.includes(line) ? [] : [...output.slice(at, at + EXCERPT), '…'];
}

/** Finds the files of a build context by the paths that they have in the image. */
class Locator {
  private index: Promise<PathIndex> | undefined;

  constructor(
    private readonly root: string,
    private readonly sources: BuildSources,
  ) {}

  /** Of the errors those that are in files of the repository, each place once. */
  async locate(errors: readonly SourceError[], dockerfileLine: number): Promise<Located[]> {
    const stages = await this.stages();
    const place = runAtLine(stages, dockerfileLine);
    const found = new Map<string, Located>();
    for (const error of errors) {
      const certain = [...found.values()].some((other) => other.error.certain);
      if (certain && !error.certain) break;
      const range = await this.rangeOf(error, stages, place);
      const key = range && `${range.file}:${range.start.line}`;
      if (range && key !== undefined && !found.has(key)) found.set(key, { error, range });
    }
    return [...found.values()];
  }

  private async stages(): Promise<readonly DockerfileStage[]> {
    const text = await readFile(this.sources.dockerfile.value, 'utf8').catch(() => '');
    return readStages(text, this.sources.buildArgs);
  }

  private async rangeOf(
    { places, folder }: SourceError,
    stages: readonly DockerfileStage[],
    run: RunPlace | undefined,
  ): Promise<SourceRange | undefined> {
    for (const place of places.slice(0, MAX_PLACES)) {
      if (isOfLibrary(place.path)) continue;
      const range =
        (run && (await this.byInstructions(place, folder, stages, run))) ?? (await this.bySimilarity(place));
      if (range) return range;
    }
    return undefined;
  }

  private async byInstructions(
    place: Place,
    folder: string | undefined,
    stages: readonly DockerfileStage[],
    run: RunPlace,
  ): Promise<SourceRange | undefined> {
    const folders = place.path.startsWith('/') ? ['/'] : foldersOf(run, folder);
    for (const from of folders) {
      for (const file of originsInContext(stages, run, posix.resolve(from, place.path))) {
        const range = await rangeInSource(this.root, join(this.sources.context, file), place);
        if (range) return range;
      }
    }
    return undefined;
  }

  /** What a command moved or generated is no longer where it was copied to: the same end of the path will do. */
  private async bySimilarity(place: Place): Promise<SourceRange | undefined> {
    const { context } = this.sources;
    this.index ??= filesBelow(context).then((files) => new PathIndex(files));
    const file = (await this.index).find(place.path);
    return file === undefined ? undefined : rangeInSource(this.root, join(context, file), place);
  }
}

/** The folders that a relative path may count from, the likeliest first: where a command says it goes, then WORKDIR. */
function foldersOf({ run: { text, workdir } }: RunPlace, said: string | undefined): string[] {
  const named = [...text.slice(0, MAX_COMMAND).matchAll(CHANGES_FOLDER)].map(([, folder = '']) => folder);
  const folders = named.map((folder) => posix.resolve(workdir, folder)).reverse();
  return [...new Set([...(said === undefined ? [] : [posix.resolve(workdir, said)]), ...folders, workdir])];
}

/** `cd app && …`, `cmake -S app`, `make -C app`, `npm --prefix app`. */
const CHANGES_FOLDER = /(?:\bcd|\s-S|\s-C|\s--prefix|\s--directory)[ =]+([\w./-]{1,200})/g;
const MAX_COMMAND = 20_000;
