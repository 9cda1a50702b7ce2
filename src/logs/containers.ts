import type { V1ContainerState, V1ContainerStatus, V1Pod } from '@kubernetes/client-node';

/** How a container ended. */
export interface Termination {
  readonly exitCode?: number;
  readonly reason?: string;
}

/** What Kubernetes says of one start of a container. */
export type StartState =
  | { readonly state: 'not-started' }
  | { readonly state: 'running' }
  /** Its log is served; with `previous` as that of the container before the present one. */
  | { readonly state: 'ended'; readonly previous: boolean; readonly termination: Termination }
  /** Ended, and its log is gone. */
  | { readonly state: 'lost' };

/** Names of all containers a pod may run: init and sidecar, main, ephemeral. */
export function containerNames(pod: V1Pod): string[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec ?? {};
  return [...initContainers, ...containers, ...ephemeralContainers].map(({ name }) => name);
}

export function containerStatus(pod: V1Pod, container: string): V1ContainerStatus | undefined {
  const { status } = pod;
  return [status?.initContainerStatuses, status?.containerStatuses, status?.ephemeralContainerStatuses]
    .flatMap((statuses) => statuses ?? [])
    .find(({ name }) => name === container);
}

/**
 * State of the start number `restart` (0 is the first). The kubelet keeps one ended container besides the present one:
 * while a restart is pending (`waiting`), `lastState` is the end of number `restartCount`, afterwards of the one before.
 * Source: `validateContainerLogStatus` and `convertToAPIContainerStatuses` of the kubelet.
 */
export function startState(status: V1ContainerStatus | undefined, restart: number): StartState {
  if (!status) return { state: 'not-started' };
  const { state, lastState, restartCount } = status;
  if (restart > restartCount) return { state: 'not-started' };
  if (restart === restartCount) {
    if (state?.running) return { state: 'running' };
    if (state?.terminated) return ended(state, false);
    return lastState?.terminated ? ended(lastState, true) : { state: 'not-started' };
  }
  const presentStarted = state?.running !== undefined || state?.terminated !== undefined;
  if (restart === restartCount - 1 && presentStarted && lastState?.terminated) return ended(lastState, true);
  return { state: 'lost' };
}

/** The earliest start whose log can still be read, or the one to come. */
export function firstReadable(status: V1ContainerStatus | undefined): number {
  const present = status?.restartCount ?? 0;
  return present > 0 && startState(status, present - 1).state === 'ended' ? present - 1 : present;
}

/** The start before the present one, if its log can still be read. */
export function previousStart(status: V1ContainerStatus | undefined): number | undefined {
  const present = status?.restartCount ?? 0;
  return [present, present - 1].find((restart) => {
    const start = startState(status, restart);
    return start.state === 'ended' && start.previous;
  });
}

function ended(state: V1ContainerState, previous: boolean): StartState {
  const { exitCode, reason } = state.terminated ?? {};
  return {
    state: 'ended',
    previous,
    termination: { ...(exitCode === undefined ? {} : { exitCode }), ...(reason === undefined ? {} : { reason }) },
  };
}
