import { ToolFailure, KubeApi, KubeApiFailure, type Toolbox } from '../../tools';
import { SERVICES_NAMESPACE } from '../../runtime';
import { error, ok, together, type Finding } from './check';
import type { Cluster, Facts } from './facts';

/** How long one name may take, milliseconds: busybox asks three times, 5 s apart. */
const LOOKUP_LIMIT_MS = 12_000;
const SYSTEM = '/api/v1/namespaces/kube-system';

interface Service {
  readonly spec?: { readonly clusterIP?: string };
}

interface Slice {
  readonly endpoints?: readonly { readonly conditions?: { readonly ready?: boolean } }[] | null;
}

/** What one name gave. */
export interface Answer {
  readonly name: string;
  /** Why it has no address. */
  readonly reason?: string;
}

/**
 * Whether names resolve inside the cluster: asked from a node, at the address and through the rules that pods use. The
 * node's own busybox asks, so that it takes no pod and no image.
 */
export async function lookAtClusterDns(facts: Facts, cluster: Cluster, signal: AbortSignal): Promise<Finding> {
  const { services } = await facts.repository();
  const { server, ready } = await nameServer(cluster, signal);
  if (server === undefined) return judgeClusterDns(undefined, 0, []);
  const names = [
    'kubernetes.default.svc.cluster.local',
    ...services.filter(({ enabled, ports }) => enabled && ports.length > 0).map(inCluster),
  ];
  const { toolbox } = facts.session;
  const [node] = cluster.nodes;
  const ask = (name: string) => lookUp(toolbox, node, name, server, signal);
  const [first, ...rest] = names as [string, ...string[]];
  const own = await ask(first);
  // One that is silent now would be so for each of the others.
  const others = own.reason === undefined ? await Promise.all(rest.map(ask)) : [];
  return judgeClusterDns(server, ready, [own, ...others]);
}

function inCluster({ id }: { readonly id: string }): string {
  return `${id}.${SERVICES_NAMESPACE}.svc.cluster.local`;
}

/** The address of the cluster's name server, and how many pods serve it. */
async function nameServer({ access }: Cluster, signal: AbortSignal): Promise<{ server?: string; ready: number }> {
  const api = await KubeApi.open(access);
  try {
    const { spec } = await api.get<Service>(`${SYSTEM}/services/kube-dns`, {}, signal);
    const query = { labelSelector: 'kubernetes.io/service-name=kube-dns' };
    const slices = await api.list<Slice>(
      '/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices',
      query,
      signal,
    );
    const endpoints = slices.items.flatMap((slice) => slice.endpoints ?? []);
    const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false).length;
    return { ready, ...(spec?.clusterIP === undefined ? {} : { server: spec.clusterIP }) };
  } catch (thrown) {
    if (thrown instanceof KubeApiFailure && thrown.status === 404) return { ready: 0 };
    throw thrown;
  } finally {
    api.close();
  }
}

async function lookUp(
  toolbox: Toolbox,
  node: string,
  name: string,
  server: string,
  signal: AbortSignal,
): Promise<Answer> {
  try {
    const { stdout, exitCode } = await toolbox.run(
      'docker',
      ['exec', node, 'busybox', 'nslookup', '-type=a', name, server],
      { signal, timeoutMs: LOOKUP_LIMIT_MS, acceptExitCodes: [1] },
    );
    return exitCode === 0 ? { name } : { name, reason: reasonOf(stdout) };
  } catch (thrown) {
    if (thrown instanceof ToolFailure && thrown.code === 'tool-timeout') return { name, reason: SILENCE };
    throw thrown;
  }
}

const SILENCE = 'no answer';

/** What busybox's nslookup says of a name that it does not find. */
export function reasonOf(output: string): string {
  const refused = /\*\* server can't find [^:]+: (\w+)/.exec(output)?.[1];
  if (refused !== undefined) return refused;
  return /timed out|no servers could be reached/.test(output) ? SILENCE : output.trim().split('\n').at(-1) || SILENCE;
}

/** @param ready pods that serve the name server's address. */
export function judgeClusterDns(server: string | undefined, ready: number, answers: readonly Answer[]): Finding {
  if (server === undefined) return error('the cluster has no name server (no Service kube-dns)', RECREATE);
  const failed = answers.filter(({ reason }) => reason !== undefined);
  if (failed.length === 0) return ok(`${answers.map(({ name }) => shortName(name)).join(', ')} found at ${server}`);
  const reasons = failed.map(({ name, reason }) => `${shortName(name)} (${reason ?? ''})`).join(', ');
  if (ready === 0) {
    return error(
      `no pod of CoreDNS is ready, so pods find no name: ${reasons}`,
      'See why: `kubectl --namespace kube-system get deployment,pods --selector k8s-app=kube-dns` with the kubeconfig of the runtime.',
      'Start it again: `kubectl --namespace kube-system scale deployment coredns --replicas 1`.',
      RECREATE,
    );
  }
  const missing = failed.filter(({ reason }) => reason === 'NXDOMAIN');
  const silent = failed.filter(({ reason }) => reason !== 'NXDOMAIN');
  return together([
    ...(missing.length === 0
      ? []
      : [
          error(
            `the cluster knows no ${missing.map(({ name }) => shortName(name)).join(', ')}`,
            'Bring the services up again: `vapp up`.',
          ),
        ]),
    ...(silent.length === 0
      ? []
      : [
          error(
            `${server} does not find ${silent.map(({ name, reason }) => `${shortName(name)} (${reason ?? ''})`).join(', ')}`,
            'Restart the runtime: `vapp stop`, then `vapp up`.',
            RECREATE,
          ),
        ]),
  ]);
}

const RECREATE = 'If that does not help, make it anew: `vapp delete`, then `vapp up`.';

function shortName(name: string): string {
  return name.replace(/\.default\.svc\.cluster\.local$/, '');
}
