import { cacheFromRegistry, cacheToRegistry, chosenBuilder, type BuildRequest } from '../build';
import type { App } from '../project';
import { clusterDirectory, clusterName } from '../runtime';
import type { Session } from './session';

export type ChosenBuild = Pick<BuildRequest, 'builder' | 'cacheFrom' | 'cacheTo'>;

/**
 * What `vapp.yaml` says of building an app, as a build takes it.
 *
 * @param options `keepSteps`: also write the cache. Whoever runs an edit does not: it would wait for what nobody else needs.
 * @throws Cancelled; Failure `image-reference-invalid`; ToolFailure when there is no buildx.
 */
export async function chosenBuild(
  { toolbox, dataDirectory, identity }: Session,
  { build }: App,
  { keepSteps, signal }: { readonly keepSteps: boolean; readonly signal?: AbortSignal | undefined },
): Promise<ChosenBuild> {
  const { builder, cacheFrom, cacheTo } = build;
  // Removed with all else that belongs to the workspace.
  const directory = clusterDirectory(dataDirectory, clusterName(identity));
  return {
    ...(builder ? { builder: await chosenBuilder(builder, { toolbox, directory, signal }) } : {}),
    cacheFrom: cacheFrom.map(({ value }) => cacheFromRegistry(value)),
    ...(cacheTo && keepSteps ? { cacheTo: [cacheToRegistry(cacheTo.value)] } : {}),
  };
}
