import { Failure, messageOf } from '../base';
import { dockerFailure } from '../tools';
import { isAccessDenied, isDiskFull, isEngineGone, isNetworkTrouble } from './causes';

/** What it means that an image could not be pulled. */
export function pullFailure(image: string, error: unknown): Failure {
  const message = messageOf(error);
  const common = { code: 'image-unavailable', fault: 'environment', evidence: [message], cause: error } as const;
  const trouble = troubleOfEngine(error, message);
  if (trouble) return trouble;
  if (isNetworkTrouble(message)) {
    return new Failure({
      ...common,
      summary: `The image ${image} is not on this machine, and its registry cannot be reached.`,
      nextSteps: ['Check the network, and the proxy settings of the Docker engine.'],
    });
  }
  if (isAccessDenied(message)) {
    return new Failure({
      ...common,
      summary: `The image ${image} cannot be pulled: it does not exist, or its registry wants a login.`,
      nextSteps: ['Check the name for typos.', `Log in and pull it once by hand: \`docker pull ${image}\`.`],
    });
  }
  return new Failure({
    ...common,
    summary: `The image ${image} cannot be pulled: its registry does not know this name or tag.`,
    nextSteps: ['Check name and tag for typos.'],
  });
}

/** What it means that an image could not be pushed. */
export function pushFailure(target: string, error: unknown): Failure {
  const message = messageOf(error);
  const trouble = troubleOfEngine(error, message);
  if (trouble) return trouble;
  const common = { code: 'push-failed', fault: 'environment', evidence: [message], cause: error } as const;
  // A pull brings one platform of many; later engines push that one, these only all of them.
  if (/missing content/.test(message)) {
    return new Failure({
      ...common,
      summary: `The image for ${target} is of several platforms, of which this engine holds only its own, and it is too old to push just that one.`,
      nextSteps: ['Update Docker to 27 or later, or turn off its containerd image store.'],
    });
  }
  return new Failure({
    ...common,
    summary: `The image could not be pushed to ${target}: ${message}`,
    nextSteps: ['Check that the runtime runs: `vapp status`.'],
  });
}

/** What it means that images could not be moved out of the engine, or into it. @param summary without a full stop. */
export function transferFailure(error: unknown, summary: string): Failure {
  const message = messageOf(error);
  return (
    troubleOfEngine(error, message) ??
    new Failure({
      code: 'transfer-failed',
      fault: 'environment',
      summary: `${summary}: ${message}`,
      evidence: [message],
      nextSteps: ['Check Docker with `vapp doctor`.'],
      cause: error,
    })
  );
}

function troubleOfEngine(error: unknown, message: string): Failure | undefined {
  if (error instanceof Failure) return error;
  const failure = dockerFailure(error);
  if (failure.code !== 'docker-error') return failure;
  if (isEngineGone(message)) {
    return new Failure({
      code: 'docker-lost',
      fault: 'environment',
      summary: 'The Docker engine went away.',
      evidence: [message],
      nextSteps: ['Start Docker, and try again.'],
      cause: error,
    });
  }
  if (!isDiskFull(message)) return undefined;
  return new Failure({
    code: 'no-space',
    fault: 'environment',
    summary: 'The disk of the Docker engine, or of the registry, is full.',
    evidence: [message],
    nextSteps: ['Free space: `docker system df` shows what takes space.'],
    cause: error,
  });
}
