import { isIP } from 'node:net';
import type { KubeWarning } from '../base';
import type { ContainerRule, Explanation } from './explanation';
import type { ContainerFacts, PodFacts, Termination } from './pod';
import { afterBackOff } from './start-rules';

/** A container that does not stay up by itself. */
export const repeatedExit: ContainerRule = (container, pod, { lastWords = [], warnings = [] }) => {
  const ended = afterBackOff(container) ?? container.state?.terminated;
  // The kubelet's word for containers that it finds gone after its node came back: the app has not failed.
  if (!ended || ended.reason === 'Unknown') return undefined;
  const neverRestarts = pod.spec?.restartPolicy === 'Never';
  const init = isInit(container, pod);
  const isDone = ended.exitCode === 0 && (neverRestarts || pod.spec?.restartPolicy === 'OnFailure' || init);
  if (isDone) return undefined;
  const certain = neverRestarts || container.state?.waiting !== undefined || (container.restartCount ?? 0) >= 1;
  if (!certain) return undefined;
  return (
    outOfMemory(container, ended) ??
    killedByProbe(warnings, ended) ??
    wordsExplanation(container, lastWords) ??
    (init ? failedInit(container, ended) : exitExplanation(container.name, ended, neverRestarts))
  );
};

/** A container that the kubelet starts again and again, because its probe says that it does not work. */
export const repeatedProbeFailure: ContainerRule = ({ restartCount = 0, lastState }, _pod, { warnings = [] }) =>
  restartCount >= 2 && lastState?.terminated ? killedByProbe(warnings, lastState.terminated) : undefined;

/** A container that runs, but has not become ready in all the time there was. */
export const neverReady: ContainerRule = ({ name, state, ready = false }, _pod, { warnings = [], timeUp = false }) => {
  if (!timeUp || ready || !state?.running) return undefined;
  const said = probeFailure(warnings, /^(?:Readiness|Startup) probe (?:failed|errored.*?): /);
  if (said === undefined) return undefined;
  return {
    code: 'readiness-probe-failed',
    summary: `The container ${name} runs, but its readiness probe fails: ${said.what}.`,
    nextSteps: [probeAdvice(said.what), 'Read its log: `vapp logs`. The new pods were left in place for that.'],
    inChart: true,
    values: ['probes.path', 'probes', 'readinessProbe', 'startupProbe', 'port'],
    proof: said.proof,
  };
};

function isInit({ name }: ContainerFacts, pod: PodFacts): boolean {
  return pod.status?.initContainerStatuses?.some((init) => init.name === name) === true;
}

function outOfMemory({ name }: ContainerFacts, { reason }: Termination): Explanation | undefined {
  if (reason !== 'OOMKilled') return undefined;
  return {
    code: 'out-of-memory',
    summary: `The container ${name} was ended because it used more memory than its limit allows.`,
    nextSteps: ['Raise resources.limits.memory in the chart, or let the app use less.'],
    inChart: true,
    values: ['resources.limits.memory'],
  };
}

/** Of the kubelet's own, SIGTERM and then SIGKILL. An app that answers SIGTERM ends in its own way. */
function killedByProbe(warnings: readonly KubeWarning[], { exitCode }: Termination): Explanation | undefined {
  if (exitCode !== 137 && exitCode !== 143 && exitCode !== 0) return undefined;
  const said = probeFailure(warnings, /^(?:Liveness|Startup) probe (?:failed|errored.*?): /);
  if (said === undefined) return undefined;
  return {
    code: 'liveness-probe-failed',
    summary: `Kubernetes restarts the app, because its liveness probe fails: ${said.what}.`,
    nextSteps: [probeAdvice(said.what), 'If the app only needs longer to start, give it a startup probe.'],
    inChart: true,
    values: ['probes', 'livenessProbe', 'startupProbe'],
    proof: said.proof,
  };
}

function probeFailure(warnings: readonly KubeWarning[], form: RegExp): { what: string; proof: string } | undefined {
  const { message } = warnings.findLast(({ reason, message }) => reason === 'Unhealthy' && form.test(message)) ?? {};
  if (message === undefined) return undefined;
  const what = message.replace(form, '').trim().split('\n')[0] ?? '';
  return { what: what === '' ? 'it ends with an error and says nothing' : what, proof: `Unhealthy: ${message.trim()}` };
}

function probeAdvice(what: string): string {
  if (/connection refused/.test(what)) {
    return 'Nothing listens at that port: let the app listen on all addresses (0.0.0.0), or change the port of the probe.';
  }
  if (/statuscode: 404/.test(what)) return 'The app does not know that path: change the path of the probe.';
  if (/statuscode/.test(what)) return 'The app says itself that it is not ready: its log says what it waits for.';
  return 'Check what the probe asks for, and whether the app answers it in time.';
}

/** What the app itself said before it ended, where that is the cause. */
function wordsExplanation({ name, image = '' }: ContainerFacts, lines: readonly string[]): Explanation | undefined {
  const line = (pattern: RegExp) => lines.findLast((candidate) => pattern.test(candidate));
  if (line(/exec format error/i) !== undefined) {
    return {
      code: 'image-platform',
      summary: `The container ${name} cannot start: the program in ${image} was built for another processor.`,
      nextSteps: ['Build the image for the platform of the cluster’s nodes; `vapp doctor` names it.'],
    };
  }
  const readOnly = line(/read-only file system/i);
  if (readOnly !== undefined) {
    return {
      code: 'file-system-read-only',
      summary: `The app wants to write to its container’s file system, which is read-only: ${readOnly.trim()}`,
      nextSteps: ['Write to a volume (emptyDir), or set securityContext.readOnlyRootFilesystem to false.'],
      inChart: true,
      values: ['securityContext.readOnlyRootFilesystem', 'securityContext'],
    };
  }
  const unresolved = line(NOT_RESOLVED);
  return unresolved === undefined ? undefined : nameNotResolved(unresolved);
}

/** As C libraries, Node.js, Go, Rust, Java and busybox say it. */
const NOT_RESOLVED =
  /getaddrinfo|name resolution|name or service not known|nodename nor servname|no such host|failed to lookup address|dns resolution failed|unknownhostexception|could not resolve host|bad address '/i;

function nameNotResolved(line: string): Explanation {
  const host =
    /(?:ENOTFOUND|EAI_AGAIN|lookup|resolve host:?|resolution failed for|bad address) ["']?(?<host>[\w.-]+)/i.exec(line)
      ?.groups?.['host'] ?? /(?<host>[\w-]+(?:\.[\w-]+)*):\d{2,5}\b/.exec(line)?.groups?.['host'];
  const what = host === undefined || isIP(host) !== 0 ? 'a host' : `the host ${host}`;
  return {
    code: 'name-not-resolved',
    summary: `The app ended because ${what} is not known in the cluster: ${line.trim()}`,
    nextSteps: [
      'Use the addresses that the app gets in its environment (SDV_…_ADDRESS); `vapp status` lists the services.',
      'A service of another namespace is called <service>.<namespace>.',
    ],
    inChart: true,
    values: ['env'],
  };
}

function failedInit({ name }: ContainerFacts, ended: Termination): Explanation {
  return {
    code: 'init-container-failed',
    summary: `The app cannot start, because its init container ${name} failed with ${howItEnded(ended)}.`,
    nextSteps: ['Read the last lines of its log below.', 'Change or leave out the init container in the chart.'],
    inChart: true,
    values: ['initContainers'],
  };
}

function exitExplanation(name: string, ended: Termination, once: boolean): Explanation {
  const how = howItEnded(ended);
  return {
    code: 'app-exited',
    summary: once
      ? `The app failed: container ${name} ended with ${how}.`
      : `The app does not stay up: container ${name} ended again and again with ${how}.`,
    nextSteps:
      (ended.exitCode ?? 0) === 0
        ? ['An app must not return from its main function while it is to run.', 'Read its log: `vapp logs`.']
        : ['Read the last lines of its log below, or the whole: `vapp logs`.'],
  };
}

function howItEnded({ exitCode = 0, signal = exitCode > 128 ? exitCode - 128 : undefined }: Termination): string {
  return signal === undefined ? `exit code ${exitCode}` : `exit code ${exitCode} (signal ${SIGNALS[signal] ?? signal})`;
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
