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
import { filesBelow, rangeInSource } from './source-files';

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
  for (const { path, ...place } of places) {
    const file = index.find(relativeToRoot(root, path));
    const range = file === undefined ? undefined : await rangeInSource(root, join(root, file), place);
    if (range) return failure.with({ range });
  }
  return failure;
}
