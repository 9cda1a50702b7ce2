import { isEngineGone, isNetworkTrouble } from './causes';
import type { BrokenBuild, Details } from './explanation';

/** What a build by a chosen builder may break by that has nothing to do with the app, nor with the Docker engine. */
export function chosenBuilderTrouble({ request, message, failed, started }: BrokenBuild): Details | undefined {
  const { builder } = request;
  if (!builder) return undefined;
  const { setting, range } = builder;
  const common = { fault: 'environment', ...(range ? { range } : {}) } as const;
  if (/no builder .* found/.test(message)) {
    return {
      ...common,
      code: 'builder-missing',
      summary: `There is no builder ${setting} on this machine.`,
      nextSteps: [
        '`docker buildx ls` shows those that there are; `docker buildx create` makes one.',
        'Or take build.builder out of vapp.yaml: then the Docker engine builds.',
      ],
    };
  }
  const neverConnected = failed?.name.includes('waiting for connection') ?? false;
  if (neverConnected || (!started && (isEngineGone(message) || isNetworkTrouble(message)))) {
    return {
      ...common,
      code: 'builder-unreachable',
      summary: `The builder ${setting} does not answer.`,
      nextSteps: [
        'Check that it runs, its address, and the network.',
        'One that wants certificates is made by hand (`docker buildx create --driver remote --driver-opt cacert=…`) and chosen by its name.',
        'Or take build.builder out of vapp.yaml: then the Docker engine builds.',
      ],
    };
  }
  if (!isEngineGone(message)) return undefined;
  return {
    ...common,
    code: 'builder-lost',
    summary: `The builder ${setting} went away during the build.`,
    nextSteps: ['Build again when it is back: finished steps are cached there.'],
  };
}
