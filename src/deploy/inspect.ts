import { KubeApi, KubeApiFailure, type ClusterAccess } from '../tools';
import type { PodObject, WorkloadObject } from './objects';
import type { PodJudge } from './types';
import { isAsRendered, podSelectors, progressOf, workloadPath, type WorkloadReference } from './workloads';

/** Opens the API for some work and closes it afterwards. */
export async function withApi<T>(access: ClusterAccess, work: (api: KubeApi) => Promise<T>): Promise<T> {
  const api = await KubeApi.open(access);
  try {
    return await work(api);
  } finally {
    api.close();
  }
}

/** The object as it is now; undefined when it does not exist. */
export async function liveWorkload(
  api: KubeApi,
  { kind, namespace, name }: WorkloadReference,
  signal?: AbortSignal,
): Promise<WorkloadObject | undefined> {
  try {
    return await api.get<WorkloadObject>(workloadPath(kind, namespace, name), {}, signal);
  } catch (error) {
    if (error instanceof KubeApiFailure && error.status === 404) return undefined;
    throw error;
  }
}

/** `different`: something is missing, or is not what the chart rendered. `coming`: all is, but not all of it is ready. */
export type LiveState = 'serving' | 'coming' | 'different';

/** How the workloads in the cluster compare with what the chart rendered. */
export async function liveStateOf(
  api: KubeApi,
  workloads: readonly WorkloadReference[],
  signal?: AbortSignal,
): Promise<LiveState> {
  const states = await Promise.all(
    workloads.map(async (reference): Promise<LiveState> => {
      const live = await liveWorkload(api, reference, signal);
      if (!live || live.metadata.deletionTimestamp !== undefined || !isAsRendered(reference, live)) return 'different';
      return progressOf(reference.kind, reference.name, live).complete ? 'serving' : 'coming';
    }),
  );
  if (states.includes('different')) return 'different';
  return states.includes('coming') ? 'coming' : 'serving';
}

/** The pods of the workloads, each once, in the order of their names. */
export async function podsOf(api: KubeApi, workloads: readonly WorkloadReference[], signal?: AbortSignal) {
  const lists = await Promise.all(
    namespacesOf(workloads).flatMap((namespace) =>
      podSelectors(workloads.filter((reference) => reference.namespace === namespace)).map((labelSelector) =>
        api.list<PodObject>(`/api/v1/namespaces/${namespace}/pods`, { labelSelector }, signal),
      ),
    ),
  );
  const pods = new Map(lists.flatMap(({ items }) => items).map((pod) => [pod.metadata.uid, pod]));
  return [...pods.values()].sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
}

/** Those of some pods that can never become ready as they are. They block what comes next and are worth a fresh start. */
export function stuckAmong(pods: readonly PodObject[], judge: PodJudge | undefined): PodObject[] {
  if (!judge) return [];
  return pods.filter((pod) => pod.metadata.deletionTimestamp === undefined && judge(pod) !== undefined);
}

/** Deletes pods; their controllers make new ones. */
export async function removePods(api: KubeApi, pods: readonly PodObject[], signal?: AbortSignal): Promise<void> {
  await Promise.all(
    pods.map(({ metadata: { name, namespace = 'default' } }) =>
      api.delete(`/api/v1/namespaces/${namespace}/pods/${name}`, signal),
    ),
  );
}

export function uidsOf(pods: readonly PodObject[]): ReadonlySet<string> {
  return new Set(pods.map(({ metadata }) => metadata.uid ?? ''));
}

function namespacesOf(workloads: readonly WorkloadReference[]): string[] {
  return [...new Set(workloads.map(({ namespace }) => namespace))];
}
