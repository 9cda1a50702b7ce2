import { passesByItself } from '../base';
import { neverReady, repeatedExit, repeatedProbeFailure } from './exit-rules';
import type { ContainerRule, Explanation } from './explanation';
import { imagePull, invalidImageName } from './image-rules';
import type { ContainerFacts } from './pod';
import { cannotStart, missingConfiguration, startError } from './start-rules';

/** The first rule that finds something wins. Reasons are the kubelet's own words. */
export const CONTAINER_RULES: readonly ContainerRule[] = [
  waiting(['InvalidImageName'], invalidImageName),
  waiting(['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull', 'RegistryUnavailable'], imagePull),
  waiting(['CreateContainerConfigError'], missingConfiguration),
  waiting(['CreateContainerError', 'RunContainerError', 'StartError', 'ContainerCannotRun'], cannotStart),
  startError,
  repeatedExit,
  repeatedProbeFailure,
  neverReady,
];

type MessageRule = (message: string, container: ContainerFacts) => Explanation | undefined;

function waiting(reasons: readonly string[], rule: MessageRule): ContainerRule {
  return (container) => {
    const { waiting: state = {} } = container.state ?? {};
    const { reason, message = '' } = state;
    if (reason === undefined || !reasons.includes(reason) || passesByItself(state)) return undefined;
    return rule(message, container);
  };
}
