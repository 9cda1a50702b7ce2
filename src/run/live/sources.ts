import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, sep } from 'node:path';
import { liveRules, type LiveRules } from '../../live';
import { readStages, type App, type Repository } from '../../project';

/** Which files make an app, and how a change of each reaches it. */
export interface AppSources {
  readonly rules: LiveRules;
  /** What is to be watched, absolute. */
  readonly paths: readonly string[];
  /** Whether a path is neither in the image nor describes the app. */
  ignored(path: string, isFolder?: boolean): boolean;
  /** Path in the build context, with slashes; undefined when it lies elsewhere. */
  inContext(path: string): string | undefined;
  /** Whether the file says how the app is built or deployed, rather than being part of it. */
  describes(path: string): boolean;
}

/** What editors and git leave beside the files that somebody writes. */
const PASSING = /(?:^|\/)(?:\.git(?:\/|$)|4913$|\.[^/]+\.sw[a-z]$|[^/]+~$|\.#[^/]+$)/;

/** Reads which files the image of an app takes, by its Dockerfile, `.dockerignore` and `vapp.yaml`. */
export async function readAppSources(repository: Repository, app: App): Promise<AppSources> {
  const { context } = app;
  const dockerfile = app.dockerfile.value;
  const text = await readFile(dockerfile, 'utf8');
  const inContext = (path: string) => pathBelow(context, path);
  const written = app.liveUpdate?.sync?.flatMap(({ from, to }) => {
    const within = inContext(from);
    return within === undefined ? [] : [{ from: within, to }];
  });
  const rules = liveRules({
    stages: await readStages(text, app.buildArgs),
    target: app.target,
    written,
    dockerfile: pathBelow(repository.root, dockerfile) ?? basename(dockerfile),
    exists: (path) => existsSync(join(context, path)),
  });
  const ignoreFiles = [`${dockerfile}.dockerignore`, join(context, '.dockerignore')];
  const excluded = await exclusionsOf(ignoreFiles);
  const chart = app.chart.path === undefined ? [] : [app.chart.path];
  const describing = [dockerfile, ...ignoreFiles, ...chart, ...app.chart.valuesFiles, ...repository.sources];
  const describes = (path: string) => describing.some((known) => known === path || path.startsWith(known + sep));
  return {
    rules,
    paths: [...describing, ...rules.sources.map((source) => join(context, source))],
    inContext,
    describes,
    ignored(path, isFolder = false) {
      if (describes(path)) return false;
      const within = inContext(path);
      if (within === undefined || within === '') return false;
      return PASSING.test(within) || excluded(within, isFolder);
    },
  };
}

/** Whether `.dockerignore` keeps a path of the context away from the builder. */
async function exclusionsOf(files: readonly string[]): Promise<(path: string, isFolder: boolean) => boolean> {
  const { default: dockerignore } = await import('@balena/dockerignore');
  for (const file of files) {
    try {
      const text = await readFile(file, 'utf8');
      const matcher = dockerignore().add(text);
      // A folder that is excluded may have something in it that is not.
      const excepts = /^\s*!/m.test(text);
      return (path, isFolder) => !(isFolder && excepts) && matcher.ignores(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return () => false;
}

/** Relative, with slashes; undefined when it is not below. */
export function pathBelow(folder: string, path: string): string | undefined {
  const path_ = relative(folder, path);
  if (path_ === '..' || path_.startsWith(`..${sep}`) || isAbsolute(path_)) return undefined;
  return path_.split(sep).join('/');
}
