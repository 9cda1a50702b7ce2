import { posix } from 'node:path';
import { matchesName, type CopyStep, type DockerfileStage, type DockerfileStep } from '../project';

/** What a change of a file of the build context asks for. */
export type Way =
  /** It goes into the running containers; the destinations are absolute paths in them. */
  | { readonly kind: 'live'; readonly destinations: readonly string[] }
  /** Only a new image has it; `why` is for people. */
  | { readonly kind: 'image'; readonly why: string }
  /** No image has it. */
  | { readonly kind: 'none' };

/** Which files of an app's context can change in a running container. Paths are relative to it, with slashes. */
export interface LiveRules {
  /** Folders in the container whose files may change; none lies within another. */
  readonly roots: readonly string[];
  /** Files and folders of the context that the image takes anything of; `` is all of it. */
  readonly sources: readonly string[];
  wayOf(path: string): Way;
}

/** One rule of `vapp.yaml`: a file or folder of the context, and where the image has it, absolute. */
export interface WrittenRule {
  readonly from: string;
  readonly to: string;
}

export interface RuleSubject {
  readonly stages: readonly DockerfileStage[];
  /** Name of the stage that is built; default: the last. */
  readonly target?: string | undefined;
  /** What `vapp.yaml` says instead of what the Dockerfile shows. */
  readonly written?: readonly WrittenRule[] | undefined;
  /** As messages name it. */
  readonly dockerfile: string;
  /** Whether there is a file at a path of the context. */
  readonly exists: (path: string) => boolean;
}

/**
 * Which changes need no new image. A file may change in the container when the image has it by a plain COPY from the
 * context and no RUN comes after that, which could have made something of it: then the container has, file by file,
 * what a new image would have.
 */
export function liveRules({ stages, target, written, dockerfile, exists }: RuleSubject): LiveRules {
  const uses = usesOf(stages, target);
  const live = new Map<CopyStep, string[]>();
  for (const { step, after } of uses) {
    if (written || step.kind !== 'copy' || after !== undefined || !step.verbatim) continue;
    const roots = rootsOf(step);
    if (roots) live.set(step, roots);
  }
  const roots = written ? written.map(({ to }) => to) : [...live.values()].flat();
  return {
    roots: outermost(roots),
    sources: outermostSources(uses.flatMap(({ sources }) => sources)),
    wayOf: (path) => (written && wayByWritten(written, path)) ?? wayByUses(path),
  };

  function wayByUses(path: string): Way {
    const taking = uses.filter(({ sources }) => sources.some((source) => takes(source, path)));
    if (taking.length === 0) return { kind: 'none' };
    const destinations: string[] = [];
    for (const use of taking) {
      const { step } = use;
      const copied = step.kind === 'copy' && live.has(step) ? destinationsOf(step, path) : undefined;
      if (!copied) return { kind: 'image', why: reasonOf(use, dockerfile) };
      const over = use.later.find((later) => copied.some((destination) => mayWrite(later, destination, path, exists)));
      if (over) return { kind: 'image', why: `${dockerfile}:${over.lines.first} may copy something over it` };
      destinations.push(...copied);
    }
    return { kind: 'live', destinations: [...new Set(destinations)] };
  }
}

/** A step of the stages that are built for an image, which takes something of the context. */
interface Use {
  readonly step: DockerfileStep;
  readonly sources: readonly string[];
  /** The first step after it that may have made something of it; absent where the image has its files as they are. */
  readonly after?: DockerfileStep | 'stage';
  /** What is copied into the image after it, the latest first. */
  readonly later: readonly CopyStep[];
}

function usesOf(stages: readonly DockerfileStage[], target: string | undefined): Use[] {
  const last = target === undefined ? -1 : stages.findLastIndex(({ name }) => name === target.toLowerCase());
  const uses: Use[] = [];
  const seen = new Set<number>();
  // The stages that the image is made of by FROM: what they have, it has, unless a RUN comes between.
  let after: DockerfileStep | undefined;
  const later: CopyStep[] = [];
  for (let stage: number | undefined = last < 0 ? stages.length - 1 : last; stage !== undefined && !seen.has(stage);) {
    seen.add(stage);
    const { base, steps = [] }: Partial<DockerfileStage> = stages[stage] ?? {};
    for (const step of steps.toReversed()) {
      take(step, after);
      if (step.kind === 'run') after = step;
      else later.push(step);
    }
    stage = base;
  }
  // Those that it copies from, or that are mounted: what they are given becomes something else.
  for (const waiting = [...seen].flatMap((stage) => copiedFrom(stages[stage])); waiting.length > 0;) {
    const stage = waiting.pop() ?? 0;
    if (seen.has(stage)) continue;
    seen.add(stage);
    const { base, steps = [] } = stages[stage] ?? {};
    for (const step of steps) take(step, 'stage');
    waiting.push(...copiedFrom(stages[stage]), ...(base === undefined ? [] : [base]));
  }
  return uses;

  function take(step: DockerfileStep, making: DockerfileStep | 'stage' | undefined): void {
    const sources =
      step.kind === 'copy'
        ? step.from === 'context'
          ? step.sources
          : []
        : step.binds.flatMap(({ source, from }) => (from === 'context' ? [source] : []));
    const made = step.kind === 'run' ? step : making;
    if (sources.length > 0)
      uses.push({ step, sources, later: [...later], ...(made === undefined ? {} : { after: made }) });
  }
}

function copiedFrom(stage: DockerfileStage | undefined): number[] {
  const origins = (stage?.steps ?? []).flatMap((step) =>
    step.kind === 'copy' ? [step.from] : step.binds.map(({ from }) => from),
  );
  return origins.filter((from) => from !== 'context');
}

function reasonOf({ step, after }: Use, dockerfile: string): string {
  const place = `${dockerfile}:${step.lines.first}`;
  if (step.kind === 'run') return `it is mounted into the RUN of ${place}`;
  if (after === 'stage') return `${place} builds with it`;
  if (after) return `the RUN of ${dockerfile}:${after.lines.first} comes after the COPY of line ${step.lines.first}`;
  if (!step.verbatim) return `${place} changes it on its way into the image`;
  return `${place} copies it into ${step.destination}, which belongs to the system`;
}

/** Whether a source of a COPY takes a file, itself or with a folder. */
function takes(source: string, path: string): boolean {
  if (GLOB.test(source)) {
    const wanted = source.split('/');
    const given = path.split('/');
    return wanted.length <= given.length && wanted.every((part, index) => matchesName(part, given[index] ?? ''));
  }
  return source === '' || path === source || path.startsWith(`${source}/`);
}

const GLOB = /[*?[]/;

/** Where a COPY puts a file of the context; undefined where that cannot be told from the Dockerfile. */
function destinationsOf(step: CopyStep, path: string): string[] | undefined {
  const destinations: string[] = [];
  for (const source of step.sources) {
    if (!takes(source, path)) continue;
    const found = destinationOf(step, source, path);
    if (found === undefined) return undefined;
    destinations.push(found);
  }
  return destinations;
}

function destinationOf(
  { destination, parents, intoFolder }: CopyStep,
  source: string,
  path: string,
): string | undefined {
  if (parents) return posix.join(destination, path);
  const parts = source === '' ? 0 : source.split('/').length;
  const rest = path.split('/').slice(parts).join('/');
  // What is in a folder comes without the folder's name.
  if (rest !== '') return posix.join(destination, rest);
  if (intoFolder || GLOB.test(source)) return posix.join(destination, posix.basename(path));
  return destination;
}

/** Whether a later COPY may have put something else in the place of a file. */
function mayWrite(later: CopyStep, destination: string, path: string, exists: (path: string) => boolean): boolean {
  const rest = posix.relative(later.destination, destination);
  if (rest.startsWith('..')) return false;
  // What a stage or another image has there is not known.
  if (later.from !== 'context') return true;
  const candidates = later.parents
    ? [rest]
    : later.sources.flatMap((source) => [
        posix.join(source, rest),
        ...(posix.basename(source) === rest ? [source] : []),
      ]);
  return candidates.some((candidate) => candidate !== path && exists(candidate));
}

/** The folders that the files of a COPY lie in; undefined when one of them is the system's. */
function rootsOf({ sources, destination, intoFolder, parents }: CopyStep): string[] | undefined {
  const isFile = !intoFolder && !parents && sources.length === 1 && posix.extname(sources[0] ?? '') !== '';
  const root = isFile && posix.extname(destination) !== '' ? posix.dirname(destination) : destination;
  return isOfTheSystem(root) ? undefined : [root];
}

/** Folders of a distribution: a volume in the place of one would hide more than the app. */
const SYSTEM = new Set(['/', '/home', '/media', '/mnt', '/opt', '/srv', '/usr', '/usr/local', '/usr/src']);
const SYSTEM_TREES = ['bin', 'boot', 'dev', 'etc', 'lib', 'lib32', 'lib64', 'proc', 'run', 'sbin', 'sys', 'tmp', 'var'];

function isOfTheSystem(folder: string): boolean {
  const path = folder.replace(/^\/usr\/local\/|^\/usr\//, '/');
  return SYSTEM.has(folder) || path === '/' || SYSTEM_TREES.includes(path.split('/')[1] ?? '');
}

function wayByWritten(rules: readonly WrittenRule[], path: string): Way | undefined {
  const destinations = rules.flatMap(({ from, to }) => {
    if (from === '') return [posix.join(to, path)];
    if (path === from) return [posix.join(to, posix.basename(path))];
    return path.startsWith(`${from}/`) ? [posix.join(to, path.slice(from.length + 1))] : [];
  });
  return destinations.length > 0 ? { kind: 'live', destinations } : undefined;
}

/** Without those that lie within another. */
function outermost(folders: readonly string[]): string[] {
  const all = [...new Set(folders)].sort();
  return all.filter((folder) => !all.some((other) => other !== folder && folder.startsWith(`${other}/`)));
}

/** The fixed folders of patterns, without those within another. */
function outermostSources(sources: readonly string[]): string[] {
  const folders = sources.map((source) => {
    const parts = source.split('/');
    const fixed = parts.findIndex((part) => GLOB.test(part));
    return fixed < 0 ? source : parts.slice(0, fixed).join('/');
  });
  return folders.includes('') ? [''] : outermost(folders);
}
