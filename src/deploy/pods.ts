import { KubeApiFailure, type KubeApi, type KubeQuery } from '../tools';
import type { ContainerStatus, PodObject } from './objects';
import type { PodSummary } from './types';

/** What people are shown of a pod. */
export function summarisePod(pod: PodObject): PodSummary {
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  return {
    name: pod.metadata.name,
    phase: terminating ? 'Terminating' : (pod.status?.phase ?? 'Unknown'),
    containers: containersOf(pod).map((container) => {
      const reason = reasonOf(container);
      return {
        name: container.name,
        ready: container.ready,
        restarts: container.restartCount,
        ...(reason === undefined ? {} : { reason }),
      };
    }),
  };
}

/** One line for each thing that keeps a pod from being ready, as Kubernetes words it. */
export function podTroubles(pod: PodObject): string[] {
  const name = pod.metadata.name;
  const leaving = pod.metadata.deletionTimestamp === undefined ? [] : [`${name}: terminating`];
  const scheduling = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  const containers = containersOf(pod)
    .filter(({ ready, state }) => !ready && state?.terminated?.exitCode !== 0)
    .map((container) => `${name}/${container.name}: ${stateText(container)}`);
  return [
    ...leaving,
    ...(scheduling ? [`${name}: ${scheduling.reason ?? ''} ${scheduling.message ?? ''}`] : []),
    ...containers,
  ];
}

export function restartsOf(pod: PodObject): number {
  return containersOf(pod).reduce((sum, { restartCount }) => sum + restartCount, 0);
}

/** Whether all that its readiness depends on says so: its containers, and gates that others have set. */
export function isReady(pod: PodObject): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}

/** The names of the containers that count as ready from the moment they run, because nothing probes them. */
export function unprobedContainers(pod: PodObject): string[] {
  const containers = pod.spec?.containers ?? [];
  return containers.filter(({ readinessProbe }) => readinessProbe === undefined).map(({ name }) => name);
}

/** The last lines of each container of a pod that has ended, headed by its name; none where nothing was written. */
export async function lastWords(api: KubeApi, pod: PodObject, signal?: AbortSignal): Promise<string[]> {
  const ended = containersOf(pod).filter(
    ({ state, restartCount }) =>
      (state?.terminated !== undefined && !isDone(state)) || (restartCount > 0 && !state?.running),
  );
  const words = await Promise.all(
    ended.map(async ({ name }) => {
      const lines = await lastLines(api, pod, name, signal);
      return lines.length === 0 ? [] : [`Last lines of container ${name}:`, ...lines];
    }),
  );
  return words.flat();
}

async function lastLines(api: KubeApi, pod: PodObject, container: string, signal?: AbortSignal): Promise<string[]> {
  const { name, namespace = 'default' } = pod.metadata;
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/log`;
  // Of a container that waits for its restart the API server still has the log of the run that ended. Once it restarts,
  // that run is the previous one.
  for (const previous of [false, true]) {
    const text = await logText(api, path, { container, tailLines: LAST_LINES, previous }, signal);
    const lines = text.trimEnd().split('\n').filter(Boolean);
    if (lines.length > 0 && !lines[0]?.startsWith(NO_LOG)) return lines;
  }
  return [];
}

async function logText(api: KubeApi, path: string, query: KubeQuery, signal?: AbortSignal): Promise<string> {
  try {
    return await api.text(path, query, signal);
  } catch (error) {
    // 400: there was no such run of the container, or it has not started. Then it has written nothing.
    if (error instanceof KubeApiFailure && error.status === 400) return '';
    throw error;
  }
}

const LAST_LINES = 20;
/** The kubelet says this in place of a log that it no longer has. */
const NO_LOG = 'unable to retrieve container logs';

function containersOf(pod: PodObject): readonly ContainerStatus[] {
  return [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
}

function isDone(state: NonNullable<ContainerStatus['state']>): boolean {
  return state.terminated?.exitCode === 0;
}

/** Why a container waits or ended, in the kubelet's word. */
export function reasonOf({ state }: ContainerStatus): string | undefined {
  return state?.waiting?.reason ?? state?.terminated?.reason;
}

function stateText({ state, restartCount }: ContainerStatus): string {
  const restarts = restartCount > 0 ? `, ${restartCount} restarts` : '';
  if (state?.waiting)
    return `waiting, ${[state.waiting.reason, state.waiting.message].filter(Boolean).join(': ')}${restarts}`;
  if (state?.terminated) return `ended with exit code ${state.terminated.exitCode}${restarts}`;
  return state?.running ? `running, not ready${restarts}` : `unknown${restarts}`;
}
