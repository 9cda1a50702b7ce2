import type { KubeWarning, PodSurroundings } from '../base';
import { firstLine, type Explanation, type PodRule } from './explanation';
import type { PodFacts } from './pod';

/** Rules for pods whose containers have not come to anything: nobody gave them a node, their volumes, or their room. */
export const POD_RULES: readonly PodRule[] = [evicted, unschedulable, missingVolume];

/** The kubelet ends pods when its node runs short: https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/ */
function evicted({ status = {} }: PodFacts, surroundings: PodSurroundings): Explanation | undefined {
  const { warnings = [], taints, timeUp = false } = surroundings;
  // The warning comes first: the pod says so only when its containers have ended.
  const warned = warnings.findLast(({ reason }) => reason === 'Evicted')?.message;
  const message = warned ?? (status.reason === 'Evicted' ? (status.message ?? '') : undefined);
  if (message === undefined) return undefined;
  const proof = `Evicted: ${message.trim()}`;
  if (/exceed(?:s|ed) .*limit/i.test(message)) {
    return {
      code: 'storage-limit-exceeded',
      summary: `The pod was put out, because it filled more disk than it may: ${firstLine(message)}.`,
      nextSteps: ['Raise the limit of the volume or of ephemeral-storage, or let the app write less.'],
      inChart: true,
      values: ['resources.limits.ephemeral-storage', 'volumes'],
      proof,
    };
  }
  // Its controller makes another pod, which a node takes that is short of nothing any more.
  const pressed = taints?.some((taint) => PRESSURE.test(taint)) ?? true;
  if (!timeUp && (!pressed || mayPass(surroundings))) return undefined;
  return {
    code: 'node-pressure',
    fault: 'environment',
    summary: `The node put the pod out: ${firstLine(message)}.`,
    nextSteps: FREE_SOMETHING,
    proof,
  };
}

function unschedulable(pod: PodFacts, surroundings: PodSurroundings): Explanation | undefined {
  const { othersLeave = false, taints, timeUp = false } = surroundings;
  const scheduling = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  if (scheduling?.reason !== 'Unschedulable') return undefined;
  const message = scheduling.message ?? '';
  const proof = `Unschedulable: ${message}`;
  const short = [...new Set([...message.matchAll(/Insufficient ([\w./-]+)/g)].map(([, resource = '']) => resource))];
  if (short.length > 0) {
    // A pod on its way out gives its share back.
    if (othersLeave) return undefined;
    const resources = short.map((resource) => resource.replace(/\.$/, ''));
    return {
      code: 'unschedulable-resources',
      summary: `No node has as much ${resources.join(' and ')} free as the pod requests.`,
      nextSteps: ['Lower resources.requests in the chart’s values, or stop what else runs: `vapp status`.'],
      inChart: true,
      values: resources.flatMap((resource) => [`resources.requests.${resource}`, `resources.limits.${resource}`]),
      proof,
    };
  }
  const tainted = /untolerated taint/.test(message);
  const reasons = tainted ? [message, ...(taints ?? [])].join(' ') : message;
  const pressure = PRESSURE.exec(reasons)?.groups?.['kind'];
  if (pressure !== undefined) {
    if (!timeUp && mayPass(surroundings)) return undefined;
    return {
      code: 'node-pressure',
      fault: 'environment',
      summary: `The node takes no new pod, because it is short of ${PRESSURES[pressure] ?? pressure}.`,
      nextSteps: FREE_SOMETHING,
      proof,
    };
  }
  // A node that is not ready yet, or was stopped, has a taint, too, and loses it.
  if (/not-ready|unreachable|uninitialized|network-unavailable|kubernetes\.io\/unschedulable/.test(reasons)) {
    return undefined;
  }
  // Newer schedulers do not say which taint it is; one that nobody has any more will soon be no reason.
  if (tainted && !/untolerated taint \{/.test(message) && (taints ?? []).length === 0) return undefined;
  return placement(message, proof);
}

/**
 * A node keeps the taint of a pressure for a while after the pressure has gone: our nodes five seconds, and the kubelet
 * looks every ten.
 */
const PRESSURE_PASSES_MS = 20_000;

/** Whether what the nodes are short of may have been freed a moment ago. */
function mayPass({ taintsLastedMs = Infinity }: PodSurroundings): boolean {
  return taintsLastedMs < PRESSURE_PASSES_MS;
}

const PRESSURE = /node\.kubernetes\.io\/(?<kind>disk|memory|pid)-pressure/;

const PRESSURES: Readonly<Record<string, string>> = { disk: 'disk space', memory: 'memory', pid: 'process numbers' };

const FREE_SOMETHING = [
  'Free disk space or memory on this machine, for example with `docker system prune`; `vapp doctor` says how much there is.',
];

function placement(message: string, proof: string): Explanation | undefined {
  const claim = /persistentvolumeclaim "(?<name>[^"]+)" not found/.exec(message)?.groups?.['name'];
  if (claim !== undefined) return volume(`The volume claim ${claim} that the pod needs does not exist.`, proof);
  if (/didn't match Pod's node affinity\/selector/.test(message)) {
    return {
      code: 'unschedulable-selector',
      summary: 'No node of the local runtime has the labels that the pod wants of its node.',
      nextSteps: ['Take nodeSelector and affinity out of the values for the local runtime.'],
      inChart: true,
      values: ['nodeSelector', 'affinity'],
      proof,
    };
  }
  if (!/untolerated taint|unbound immediate PersistentVolumeClaims|didn't have free ports/.test(message)) {
    return undefined;
  }
  if (/unbound/.test(message)) return undefined;
  return {
    code: 'unschedulable',
    summary: `No node takes the pod: ${firstLine(message)}.`,
    nextSteps: ['Change what the pod wants of its node: tolerations, host ports, affinity.'],
    inChart: true,
    values: ['tolerations', 'hostPort', 'hostNetwork'],
    proof,
  };
}

/**
 * Without its volumes no container of a pod is created, and the pod itself does not say so. Once one is, they were there
 * in the end.
 */
function missingVolume({ status = {} }: PodFacts, { warnings = [] }: PodSurroundings): Explanation | undefined {
  const { initContainerStatuses = [], containerStatuses = [] } = status;
  if ([...initContainerStatuses, ...containerStatuses].some(({ state }) => !state?.waiting)) return undefined;
  for (const { reason, message } of [...warnings].reverse()) {
    if (reason !== 'FailedMount') continue;
    const proof = `FailedMount: ${message}`;
    const missing = /(?<kind>configmap|secret) "(?<name>[^"]+)" not found/.exec(message)?.groups;
    // Of every namespace; a cluster that has just been made still has to write it.
    if (missing?.['name'] === 'kube-root-ca.crt') continue;
    if (missing) {
      const kind = missing['kind'] === 'secret' ? 'Secret' : 'ConfigMap';
      return volume(`The ${kind} ${missing['name'] ?? ''}, which the pod mounts, does not exist.`, proof);
    }
    const key = /references non-existent (?<kind>config|secret) key: (?<name>\S+)/.exec(message)?.groups;
    if (key) return volume(`The pod mounts the key ${key['name'] ?? ''}, which does not exist.`, proof);
    const type = /hostPath type check failed: (?<why>.*)/.exec(message)?.groups?.['why'];
    if (type !== undefined)
      return volume(`A folder of the node that the pod mounts cannot be: ${firstLine(type)}.`, proof);
  }
  return undefined;
}

function volume(summary: string, proof: string): Explanation {
  return {
    code: 'volume-missing',
    summary,
    nextSteps: ['Add it to the chart, or create it in the cluster before.'],
    inChart: true,
    values: ['volumes', 'volumeMounts'],
    proof,
  };
}

/**
 * Why a controller cannot even create its pods: by its warnings, as it has no status for that.
 *
 * @param warnings of a ReplicaSet, StatefulSet, DaemonSet or Job.
 */
export function refusedPods(warnings: readonly KubeWarning[]): Explanation | undefined {
  const refusal = warnings.findLast(({ reason }) => reason === 'FailedCreate')?.message;
  if (refusal === undefined) return undefined;
  const proof = `FailedCreate: ${refusal}`;
  const quota = /exceeded quota: (?<name>[^,]+), (?<what>.*)/.exec(refusal)?.groups;
  if (quota) {
    return {
      code: 'quota-exceeded',
      summary: `The quota ${quota['name'] ?? ''} of the namespace allows no more pods like this: ${quota['what'] ?? ''}.`,
      nextSteps: ['Lower resources in the chart’s values, raise the quota, or remove what else is in the namespace.'],
      inChart: true,
      values: ['resources.requests', 'resources.limits', 'resources', 'replicaCount'],
      proof,
    };
  }
  // The admission controllers of a namespace that has just been made catch up by themselves.
  if (/serviceaccount "default" not found|namespace .* being terminated/.test(refusal)) return undefined;
  const account = /error looking up service account (?<name>\S+):/.exec(refusal)?.groups?.['name'];
  return {
    code: 'pod-refused',
    summary:
      account === undefined
        ? `Kubernetes refuses the app’s pods: ${firstLine(refusal)}.`
        : `The service account ${account} that the pods run as does not exist.`,
    nextSteps: ['Change the pod’s description in the chart.'],
    inChart: true,
    values:
      account === undefined ? ['podSecurityContext', 'securityContext'] : ['serviceAccount', 'serviceAccountName'],
    proof,
  };
}
