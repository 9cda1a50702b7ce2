import { posix } from 'node:path';
import { matchesName, type Bind, type CopyStep, type DockerfileStage, type RunStep } from '../project';

/** A `RUN` of a Dockerfile: its stage, and which of that stage's steps it is. */
export interface RunPlace {
  readonly stage: number;
  readonly step: number;
  readonly run: RunStep;
}

/** The `RUN` that covers a line of the Dockerfile. */
export function runAtLine(stages: readonly DockerfileStage[], line: number): RunPlace | undefined {
  for (const [stage, { steps }] of stages.entries()) {
    for (const [step, run] of steps.entries()) {
      if (run.kind === 'run' && run.lines.first <= line && line <= run.lines.last) return { stage, step, run };
    }
  }
  return undefined;
}

/**
 * Which files of the build context may be the file at a path of the image, as a `RUN` sees it: by its own bind mounts,
 * then by what was copied before it, the latest first, through the stages that it builds upon and copies from. Whether
 * they exist is for the caller to find out.
 *
 * @param path absolute, in the image.
 * @returns paths relative to the context, with slashes.
 */
export function originsInContext(stages: readonly DockerfileStage[], place: RunPlace, path: string): string[] {
  const tracer = new Tracer(stages);
  tracer.throughBinds(place.run.binds, posix.normalize(path));
  tracer.through(place.stage, place.step, posix.normalize(path));
  return [...tracer.found];
}

/** So many candidates are told, and so many steps looked at: stages may copy from each other in more ways than count. */
const MAX_FOUND = 64;
const MAX_LOOKS = 5_000;
/** Stages upon stages. */
const MAX_DEPTH = 50;

class Tracer {
  readonly found = new Set<string>();
  private looks = 0;

  constructor(private readonly stages: readonly DockerfileStage[]) {}

  throughBinds(binds: readonly Bind[], path: string): void {
    for (const { source, target, from } of binds) {
      const rest = below(target, path);
      if (rest !== undefined) this.add(posix.join(source, rest), from, 0);
    }
  }

  /** @param before only what steps before this one brought is there. */
  through(stage: number, before: number, path: string, depth = 0): void {
    const { base, steps = [] } = this.stages[stage] ?? {};
    for (let index = Math.min(before, steps.length) - 1; index >= 0; index -= 1) {
      const step = steps[index];
      this.looks += 1;
      if (this.looks > MAX_LOOKS || this.found.size >= MAX_FOUND) return;
      if (step?.kind !== 'copy') continue;
      for (const source of sourcesOf(step, path)) this.add(source, step.from, depth);
    }
    if (base !== undefined && base < stage && depth < MAX_DEPTH) this.through(base, Infinity, path, depth + 1);
  }

  private add(source: string, from: number | 'context', depth: number): void {
    if (from === 'context') this.found.add(source);
    else if (depth < MAX_DEPTH) this.through(from, Infinity, `/${source}`, depth + 1);
  }
}

/** What a step may have made the file at a path of. */
function sourcesOf({ sources, destination, parents }: CopyStep, path: string): string[] {
  const rest = below(destination, path);
  if (rest === undefined) return [];
  return sources.flatMap((source) => {
    if (parents) return below(source, rest) === undefined ? [] : [rest];
    if (GLOB.test(source)) return globbed(source, rest);
    if (rest === '') return [source];
    // A file in a folder, or the content of a folder: only one of them is there.
    return [...(rest === posix.basename(source) ? [source] : []), posix.join(source, rest)];
  });
}

const GLOB = /[*?[]/;

/** Of patterns the usual ones: `*.py`, `src/*.c`. What folders match is in the destination without their names. */
function globbed(source: string, rest: string): string[] {
  const folder = posix.dirname(source);
  if (GLOB.test(folder) || rest === '' || rest.includes('/')) return [];
  return matchesName(posix.basename(source), rest) ? [posix.join(folder, rest)] : [];
}

/** What a path has behind a folder: `` when it is the folder itself, undefined when it is elsewhere. */
function below(folder: string, path: string): string | undefined {
  if (folder === path) return '';
  const start = folder === '' || folder.endsWith('/') ? folder : `${folder}/`;
  return path.startsWith(start) ? path.slice(start.length) : undefined;
}
