import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../base';
import type { AppJudges } from '../deploy';
import {
  PathIndex,
  explainPod,
  explainRefusal,
  explainService,
  placesOfFailure,
  relativeToRoot,
  type ExplainHints,
} from '../explain';
import type { App } from '../project';

/** What says of an app's pods, workloads and Services what is wrong with them, and which value of the chart decides it. */
export function judgesOf({ chart }: App): AppJudges {
  const { path, valueRanges } = chart;
  const hints: ExplainHints = {
    ...(path === undefined ? {} : { chartPath: path }),
    ...(valueRanges === undefined ? {} : { valueRanges }),
  };
  return {
    judge: (pod, surroundings) => explainPod(pod, hints, surroundings),
    refusal: (owner, warnings) => explainRefusal(owner, warnings, hints),
    serviceJudge: explainService,
  };
}

/**
 * Does some work; a failure of it that points nowhere yet gets the source line of the repository that the app's own
 * last lines name.
 *
 * @param root of the repository, absolute.
 */
export async function locatingInSources<T>(root: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Failure && error.fault === 'app' && !error.range ? await located(root, error) : error;
  }
}

async function located(root: string, failure: Failure): Promise<Failure> {
  const places = placesOfFailure(failure.evidence);
  if (places.length === 0) return failure;
  const index = new PathIndex(await filesBelow(root));
  for (const { path, line, column = 1 } of places) {
    const file = index.find(relativeToRoot(root, path));
    if (file === undefined) continue;
    const start = { line, column };
    return failure.with({ range: { file: join(root, file), start, end: start } });
  }
  return failure;
}

/** More than this are not looked at. */
const MAX_FILES = 20_000;
/** What tools generate or install is nobody's source. */
const LEFT_OUT = new Set(['.git', 'node_modules', '__pycache__', '.venv', 'venv', 'build', 'dist', 'out']);

/** The files of a repository, relative, with slashes. Links are not followed, since they may lead anywhere. */
async function filesBelow(root: string): Promise<string[]> {
  const files: string[] = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined && files.length < MAX_FILES; folder = folders.pop()) {
    const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isFile()) files.push(path);
      else if (entry.isDirectory() && !LEFT_OUT.has(entry.name)) folders.push(path);
    }
  }
  return files;
}
