import type { ContainerSpec, ContainerStatus, PodObject } from './objects';
import { isLiveUpdateHelper } from './live-template';
import { isReady, reasonOf, summarisePod } from './pods';

/** All that is worth showing of a pod. `name`, `phase` and the containers' reasons are those of a `PodSummary`. */
export interface PodDetails {
  readonly name: string;
  readonly phase: string;
  /** Why it is not ready, in Kubernetes' word: of the pod itself, of its scheduling, or of its first container at fault. */
  readonly reason?: string;
  readonly ready: boolean;
  /** Its end has been ordered. */
  readonly deleting: boolean;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Init containers and sidecars in their order, then the main ones, then the ephemeral ones; no helpers of ours. */
  readonly containers: readonly ContainerDetails[];
}

export interface ContainerDetails {
  readonly name: string;
  readonly kind: 'init' | 'sidecar' | 'main' | 'ephemeral';
  readonly state: 'waiting' | 'running' | 'terminated';
  readonly ready: boolean;
  readonly restarts: number;
  /** Why it waits or ended. */
  readonly reason?: string;
  /** How its present run ended or, while it has one or waits for one, the run before. */
  readonly exitCode?: number;
  /** Why that run ended, e.g. `OOMKilled`. */
  readonly exitReason?: string;
  readonly image: string;
}

/** Reads a pod as the Kubernetes API writes it. */
export function podDetails(pod: PodObject): PodDetails {
  const { name, phase } = summarisePod(pod);
  const { spec = {}, status = {}, metadata } = pod;
  const containers = [
    ...(spec.initContainers ?? []).map((container) =>
      details(container, container.restartPolicy === 'Always' ? 'sidecar' : 'init', status.initContainerStatuses),
    ),
    ...(spec.containers ?? []).map((container) => details(container, 'main', status.containerStatuses)),
    ...(spec.ephemeralContainers ?? []).map((container) =>
      details(container, 'ephemeral', status.ephemeralContainerStatuses),
    ),
  ];
  const reason = status.reason ?? schedulingReason(pod) ?? containers.find(isAtFault)?.reason;
  return {
    name,
    phase,
    ...(reason === undefined ? {} : { reason }),
    ready: isReady(pod),
    deleting: metadata.deletionTimestamp !== undefined,
    createdAt: metadata.creationTimestamp ?? '',
    containers: containers.filter(({ name: container }) => !isLiveUpdateHelper(container)),
  };
}

function details(
  { name, image = '' }: ContainerSpec,
  kind: ContainerDetails['kind'],
  statuses: readonly ContainerStatus[] = [],
): ContainerDetails {
  const status = statuses.find((candidate) => candidate.name === name);
  if (!status) return { name, kind, state: 'waiting', ready: false, restarts: 0, image };
  const { state, lastState, ready, restartCount } = status;
  const reason = reasonOf(status);
  const ended = state?.terminated ?? lastState?.terminated;
  return {
    name,
    kind,
    state: state?.running ? 'running' : state?.terminated ? 'terminated' : 'waiting',
    ready,
    restarts: restartCount,
    ...(reason === undefined ? {} : { reason }),
    ...(ended === undefined ? {} : { exitCode: ended.exitCode }),
    ...(ended?.reason === undefined ? {} : { exitReason: ended.reason }),
    image,
  };
}

function schedulingReason(pod: PodObject): string | undefined {
  return pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False')?.reason;
}

/** A container that has done its work is not ready either, and not at fault. */
function isAtFault({ kind, ready, state, exitCode, reason }: ContainerDetails): boolean {
  return kind !== 'ephemeral' && !ready && reason !== undefined && !(state === 'terminated' && exitCode === 0);
}
