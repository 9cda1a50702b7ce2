import { firstLine, type Explanation } from './explanation';
import type { ContainerFacts, Termination } from './pod';

export function missingConfiguration(message: string): Explanation {
  const object = /(?<kind>secret|configmap) "(?<name>[^"]+)" not found/i.exec(message)?.groups;
  const key = /couldn't find key (?<key>\S+) in (?<kind>Secret|ConfigMap) (?<name>\S+)/i.exec(message)?.groups;
  const kindName = (kind = '') => (kind.toLowerCase() === 'secret' ? 'Secret' : 'ConfigMap');
  if (object) {
    return configuration(
      `The ${kindName(object['kind'])} ${object['name'] ?? ''} that the container needs does not exist.`,
    );
  }
  if (key) {
    const where = `${kindName(key['kind'])} ${key['name'] ?? ''}`;
    return configuration(`The ${where} has no key ${key['key'] ?? ''}, which the container needs.`);
  }
  if (/runAsNonRoot/.test(message)) {
    return {
      code: 'image-runs-as-root',
      summary: /non-numeric/.test(message)
        ? 'The chart forbids root, and Kubernetes cannot tell whether the image’s user is root, since it has a name and no number.'
        : 'The chart forbids root, and the image runs as root.',
      nextSteps: ['Give the image a user by number, such as `USER 10001:10001` in the Dockerfile, or allow root.'],
      inChart: true,
      values: ['podSecurityContext.runAsNonRoot', 'securityContext.runAsNonRoot'],
    };
  }
  return configuration(`The container's configuration is not valid: ${firstLine(message)}.`);
}

function configuration(summary: string): Explanation {
  return {
    code: 'container-config',
    summary,
    nextSteps: ['Add it to the chart, or create it in the cluster before.'],
    inChart: true,
    values: ['envFrom', 'env'],
  };
}

export function cannotStart(message: string, { name, image = '' }: ContainerFacts): Explanation {
  const program = /exec: "(?<program>[^"]+)": (?<why>[^:]+(?:: no such file or directory)?)/.exec(message)?.groups;
  if (program) {
    return {
      code: 'command-not-found',
      summary: `The container ${name} cannot start: ${program['program'] ?? ''}: ${executableProblem(program['why'] ?? '')}.`,
      nextSteps: [
        'Check ENTRYPOINT and CMD in the Dockerfile, and command and args in the chart.',
        'In an image FROM scratch there is no shell: write the command as a list.',
      ],
    };
  }
  if (/exec format error/.test(message)) {
    return {
      code: 'image-platform',
      summary: `The container ${name} cannot start: ${image} was built for another platform.`,
      nextSteps: ['Build it for this platform.'],
    };
  }
  return {
    code: 'container-cannot-start',
    summary: `The container ${name} cannot start: ${firstLine(message)}.`,
    nextSteps: ["Check the container's command, mounts and security context in the chart."],
    inChart: true,
    values: ['command', 'args', 'securityContext', 'volumeMounts'],
  };
}

function executableProblem(why: string): string {
  if (/permission denied/.test(why)) return 'it is not executable';
  return /not found|no such file/.test(why) ? 'there is no such program in the image' : why.trim();
}

/** A container that the runtime could not start at all counts as terminated, with the reason `StartError`. */
export function startError(container: ContainerFacts): Explanation | undefined {
  for (const ended of [container.state?.terminated, afterBackOff(container)]) {
    if (ended?.reason === 'StartError' || ended?.reason === 'ContainerCannotRun') {
      return cannotStart(ended.message ?? '', container);
    }
  }
  return undefined;
}

/** How the run ended after which Kubernetes waits before the next one. */
export function afterBackOff({ state, lastState }: ContainerFacts): Termination | undefined {
  return state?.waiting?.reason === 'CrashLoopBackOff' ? lastState?.terminated : undefined;
}
