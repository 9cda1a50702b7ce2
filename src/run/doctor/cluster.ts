import { KubeApi, KubeApiFailure } from '../../tools';
import { error, ok, together, warning, type Finding } from './check';
import type { Cluster } from './facts';

/** What is read of a node. */
export interface ClusterNode {
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly unschedulable?: boolean };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
  };
}

/** What is read of a pod of Kubernetes' own. */
export interface SystemPod {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
    readonly containerStatuses?: readonly { readonly state?: { readonly waiting?: { readonly reason?: string } } }[];
  };
}

/** How long the API may take for an answer, milliseconds. */
const ANSWER_MS = 10_000;

/** Whether Kubernetes says of itself that it is well. */
export async function lookAtCluster({ access }: Cluster, signal: AbortSignal): Promise<Finding> {
  const api = await KubeApi.open(access);
  try {
    const failing = await failingParts(api, signal);
    const [nodes, pods] = await Promise.all([
      api.list<ClusterNode>('/api/v1/nodes', {}, signal),
      api.list<SystemPod>('/api/v1/namespaces/kube-system/pods', {}, signal),
    ]);
    return judgeCluster(failing, nodes.items, pods.items);
  } finally {
    api.close();
  }
}

/** The parts of the API server that are not ready. */
async function failingParts(api: KubeApi, signal: AbortSignal): Promise<string[]> {
  try {
    await api.bytes('/readyz', { verbose: true }, { signal, answerTimeoutMs: ANSWER_MS });
    return [];
  } catch (thrown) {
    if (!(thrown instanceof KubeApiFailure)) throw thrown;
    return partsOf(thrown.answer);
  }
}

/** `[-]etcd failed: reason withheld` of `/readyz?verbose` → `etcd` */
export function partsOf(answer: string): string[] {
  const parts = [...answer.matchAll(/^\[-\](\S+)/gm)].map(([, part = '']) => part);
  return parts.length > 0 ? parts : [answer];
}

const RESTART = 'Restart the runtime: `vapp stop`, then `vapp up`.';

const PRESSURES: Readonly<Record<string, string>> = {
  DiskPressure: 'Free some space, for example with `docker system prune`; pods are evicted until then.',
  MemoryPressure: 'End programs that take much memory, or lower what the apps ask for; pods are evicted until then.',
  PIDPressure: 'End programs that start many processes; pods are evicted until then.',
  NetworkUnavailable: RESTART,
};

export function judgeCluster(
  failing: readonly string[],
  nodes: readonly ClusterNode[],
  pods: readonly SystemPod[],
): Finding {
  const ready = nodes.filter((node) => conditionOf(node.status?.conditions, 'Ready')?.status === 'True');
  return together([
    ...failing.map((part) => error(`the API server is not ready: ${part}`, RESTART)),
    ok(`${ready.length} of ${nodes.length} node${nodes.length === 1 ? '' : 's'} ready`),
    ...nodes.flatMap(judgeNode),
    ...judgePods(pods),
  ]);
}

function judgeNode({ metadata, spec, status }: ClusterNode): Finding[] {
  const conditions = status?.conditions ?? [];
  const ready = conditionOf(conditions, 'Ready');
  const pressures = conditions.filter(({ type, status: is }) => type in PRESSURES && is === 'True');
  return [
    ...(ready?.status === 'True'
      ? []
      : [error(`${metadata.name} is not ready: ${ready?.message ?? 'it has not said anything yet'}`, RESTART)]),
    ...pressures.map(({ type, message = '' }) =>
      error(`${metadata.name}: ${type} (${message})`, PRESSURES[type] ?? ''),
    ),
    ...(spec?.unschedulable
      ? [
          warning(
            `${metadata.name} takes no new pods`,
            `Let it take pods again: \`kubectl uncordon ${metadata.name}\`.`,
          ),
        ]
      : []),
  ];
}

function judgePods(pods: readonly SystemPod[]): Finding[] {
  const waiting = pods.filter(
    ({ status }) => status?.phase !== 'Succeeded' && conditionOf(status?.conditions, 'Ready')?.status !== 'True',
  );
  if (waiting.length === 0) return pods.length === 0 ? [] : [ok(`${pods.length} of Kubernetes' own pods ready`)];
  return waiting.map(({ metadata, status }) => {
    const reason = status?.containerStatuses?.find(({ state }) => state?.waiting?.reason)?.state?.waiting?.reason;
    const message =
      conditionOf(status?.conditions, 'Ready')?.message ?? conditionOf(status?.conditions, 'PodScheduled')?.message;
    return warning(
      `the pod ${metadata.name} of Kubernetes is not ready: ${[reason, message].filter(Boolean).join(', ') || (status?.phase ?? 'unknown')}`,
      `See why: \`kubectl --namespace kube-system describe pod ${metadata.name}\` with the kubeconfig of the runtime.`,
    );
  });
}

function conditionOf<T extends { readonly type: string }>(
  conditions: readonly T[] | undefined,
  type: string,
): T | undefined {
  return conditions?.find((condition) => condition.type === type);
}
