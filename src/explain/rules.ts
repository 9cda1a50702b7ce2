import type { Fault } from '../base';
import type { ContainerFacts, PodFacts, Termination } from './pod';

/** What one rule found. */
export interface Explanation {
  readonly code: string;
  /** `app` unless said otherwise. */
  readonly fault?: Fault;
  readonly summary: string;
  readonly nextSteps: readonly string[];
  /** Whether what is at fault stands in the chart or its values. */
  readonly inChart?: boolean;
}

export type ContainerRule = (container: ContainerFacts, pod: PodFacts) => Explanation | undefined;

/** The first rule that finds something wins. Reasons are the kubelet's own words. */
export const CONTAINER_RULES: readonly ContainerRule[] = [
  waiting(['InvalidImageName'], invalidImageName),
  waiting(['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull', 'RegistryUnavailable'], imagePull),
  waiting(['CreateContainerConfigError'], missingConfiguration),
  waiting(['CreateContainerError', 'RunContainerError', 'StartError', 'ContainerCannotRun'], cannotStart),
  startError,
  repeatedExit,
];

type MessageRule = (message: string, container: ContainerFacts) => Explanation | undefined;

function waiting(reasons: readonly string[], rule: MessageRule): ContainerRule {
  return (container) => {
    const { reason, message = '' } = container.state?.waiting ?? {};
    return reason !== undefined && reasons.includes(reason) ? rule(message, container) : undefined;
  };
}

function invalidImageName(_message: string, { image = '' }: ContainerFacts): Explanation {
  return {
    code: 'image-name-invalid',
    summary: `The image name ${image} is not valid.`,
    nextSteps: ["Check which of the chart's values take the image, in vapp.yaml under chart.image."],
    inChart: true,
  };
}

function imagePull(message: string, { image = '' }: ContainerFacts): Explanation | undefined {
  const kind = IMAGE_PULL_CAUSES.find(({ pattern }) => pattern.test(message));
  // `ImagePullBackOff` often says only that it backs off; the cause stood in `ErrImagePull` just before.
  if (!kind) return message.startsWith('Back-off') || message === '' ? unknownPull(image) : unknownPull(image, message);
  return kind.explain(image);
}

const IMAGE_PULL_CAUSES: readonly { readonly pattern: RegExp; readonly explain: (image: string) => Explanation }[] = [
  {
    pattern: /\b40[13]\b|unauthorized|authorization failed|insufficient_scope|access denied|no basic auth/i,
    explain: (image) => ({
      code: 'image-pull-denied',
      summary: `The registry does not let the cluster read the image ${image}.`,
      nextSteps: [
        'Check the name of the image: registries answer so for images that do not exist, too.',
        'If it is private, give the chart an image pull secret.',
      ],
      inChart: true,
    }),
  },
  {
    pattern:
      /no such host|dial tcp|connection refused|i\/o timeout|TLS handshake|deadline exceeded|server misbehaving/i,
    explain: (image) => ({
      code: 'image-pull-network',
      fault: 'environment',
      summary: `The registry of the image ${image} cannot be reached from the cluster.`,
      nextSteps: ['Check the network and the proxy settings of Docker.', "Check the registry's name in the chart."],
    }),
  },
  {
    pattern: /not found|manifest unknown|name unknown|does not exist|not present with pull policy/i,
    explain: (image) => ({
      code: 'image-not-found',
      summary: `The image ${image} does not exist.`,
      nextSteps: ['Check the name and the tag of the image in the chart and its values.'],
      inChart: true,
    }),
  },
  {
    pattern: /no match for platform|exec format/i,
    explain: (image) => ({
      code: 'image-platform',
      summary: `The image ${image} has no variant for the cluster's platform.`,
      nextSteps: ['Build it for this platform, or name another image.'],
    }),
  },
];

function unknownPull(image: string, message?: string): Explanation {
  return {
    code: 'image-pull-failed',
    fault: 'environment',
    summary: `The image ${image} cannot be pulled${message === undefined ? '' : `: ${firstLine(message)}`}.`,
    nextSteps: ['Check the name of the image and that its registry can be reached.'],
  };
}

function missingConfiguration(message: string): Explanation {
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
  return configuration(`The container's configuration is not valid: ${firstLine(message)}.`);
}

function configuration(summary: string): Explanation {
  return {
    code: 'container-config',
    summary,
    nextSteps: ['Add it to the chart, or create it in the cluster before.'],
    inChart: true,
  };
}

function cannotStart(message: string, { name, image = '' }: ContainerFacts): Explanation {
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
  };
}

function executableProblem(why: string): string {
  if (/permission denied/.test(why)) return 'it is not executable';
  return /not found|no such file/.test(why) ? 'there is no such program in the image' : why.trim();
}

/** A container that the runtime could not start at all counts as terminated, with the reason `StartError`. */
function startError(container: ContainerFacts): Explanation | undefined {
  for (const ended of [container.state?.terminated, afterBackOff(container)]) {
    if (ended?.reason === 'StartError' || ended?.reason === 'ContainerCannotRun') {
      return cannotStart(ended.message ?? '', container);
    }
  }
  return undefined;
}

function afterBackOff({ state, lastState }: ContainerFacts): Termination | undefined {
  return state?.waiting?.reason === 'CrashLoopBackOff' ? lastState?.terminated : undefined;
}

function repeatedExit(container: ContainerFacts, pod: PodFacts): Explanation | undefined {
  const ended = afterBackOff(container) ?? container.state?.terminated;
  // The kubelet's word for containers that it finds gone after its node came back: the app has not failed.
  if (!ended || ended.reason === 'Unknown') return undefined;
  const neverRestarts = pod.spec?.restartPolicy === 'Never';
  const isDone =
    ended.exitCode === 0 && (neverRestarts || pod.spec?.restartPolicy === 'OnFailure' || isInit(container, pod));
  if (isDone) return undefined;
  const certain = neverRestarts || container.state?.waiting !== undefined || (container.restartCount ?? 0) >= 1;
  return certain ? exitExplanation(container.name, ended, neverRestarts) : undefined;
}

function isInit({ name }: ContainerFacts, pod: PodFacts): boolean {
  return pod.status?.initContainerStatuses?.some((init) => init.name === name) === true;
}

function exitExplanation(name: string, ended: Termination, once: boolean): Explanation {
  const { exitCode = 0, reason } = ended;
  if (reason === 'OOMKilled') {
    return {
      code: 'out-of-memory',
      summary: `The container ${name} was ended because it used more memory than its limit allows.`,
      nextSteps: ['Raise resources.limits.memory in the chart, or let the app use less.'],
      inChart: true,
    };
  }
  const signal = ended.signal ?? (exitCode > 128 ? exitCode - 128 : undefined);
  const how =
    signal === undefined ? `exit code ${exitCode}` : `exit code ${exitCode} (signal ${SIGNALS[signal] ?? signal})`;
  return {
    code: 'app-exited',
    summary: once
      ? `The app failed: container ${name} ended with ${how}.`
      : `The app does not stay up: container ${name} ended again and again with ${how}.`,
    nextSteps:
      exitCode === 0
        ? ['An app must not return from its main function while it is to run.', 'Read its log: `vapp logs`.']
        : ['Read the last lines of its log below, or the whole: `vapp logs`.'],
  };
}

const SIGNALS: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  15: 'SIGTERM',
};

function firstLine(message: string): string {
  return message.trim().split('\n')[0]?.replace(/\.$/, '') ?? '';
}
