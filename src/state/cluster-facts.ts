import type { KubeWarning } from '../base';
import {
  imagesOf,
  podDetails,
  progressOf,
  taintsOf,
  type KubeObject,
  type LabelSelector,
  type PodDetails,
  type PodObject,
  type Workload,
  type WorkloadKind,
  type WorkloadObject,
} from '../deploy';
import { releaseRecord, type ReleaseSecret } from '../tools';

/** What is remembered of a cluster's objects: what a picture shows, and what it takes to find out what belongs together. */
export interface ClusterFacts {
  readonly nodes: readonly NodeFacts[];
  readonly pods: readonly PodFacts[];
  readonly workloads: readonly WorkloadFacts[];
  readonly services: readonly ServiceFacts[];
  readonly releases: readonly ReleaseFacts[];
  /** What Kubernetes warns of the pod with a uid, oldest first: the same list for as long as nothing of it has changed. */
  readonly warningsOf: (uid: string) => readonly KubeWarning[];
}

export interface NodeFacts {
  readonly name: string;
  readonly ready: boolean;
  /** Keys of its taints. */
  readonly taints: readonly string[];
}

export interface PodFacts {
  /** One object for as long as the pod is there. */
  readonly identity: { readonly uid: string };
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly details: PodDetails;
  /** Since when it is as ready or not as it is, milliseconds since the epoch; NaN: nobody knows. */
  readonly unreadySince: number;
  /** What explaining looks at, as the Kubernetes API writes it. */
  readonly object: object;
  /** All by which a Service tells pods apart, but their names: the same text where it is the same. */
  readonly endpoint: string;
}

/** A Service that Helm made. */
export interface ServiceFacts {
  readonly namespace: string;
  readonly release?: ReleaseName;
  readonly name: string;
  /** As the Kubernetes API writes it, without its status. */
  readonly object: object;
}

/** The Helm release that made an object. */
export interface ReleaseName {
  readonly name: string;
  readonly namespace: string;
}

export interface WorkloadFacts {
  readonly namespace: string;
  readonly release?: ReleaseName;
  readonly chart?: string;
  readonly selector: LabelSelector;
  readonly images: readonly string[];
  readonly progress: Workload;
  /** Whether it runs what it is to run, and nothing else. */
  readonly complete: boolean;
  /** What is in the way of creating its pods. */
  readonly refusal?: string;
}

/** One revision of a release. */
export interface ReleaseFacts {
  readonly name: string;
  readonly namespace: string;
  readonly revision: number;
  readonly status: string;
  readonly updated: string;
}

export function nodeFacts(object: unknown): NodeFacts {
  const { metadata, status } = object as NodeObject;
  const ready = status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True');
  return { name: metadata.name, ready: ready === true, taints: taintsOf(object) };
}

export function podFacts(object: unknown): PodFacts {
  const { metadata, status } = object as PodObject;
  const { name, namespace = '', uid = name, labels = {} } = metadata;
  const details = podDetails(object as PodObject);
  const readiness = status?.conditions?.find(({ type }) => type === 'Ready');
  const spec = judgedSpec(object as PodObject);
  return {
    identity: { uid },
    namespace,
    labels,
    details,
    unreadySince: Date.parse(readiness?.lastTransitionTime ?? details.createdAt),
    object: {
      metadata: { name, namespace, labels },
      spec,
      // Nobody asks why a pod is ready: what changes about it then is no change.
      status: details.ready ? { phase: status?.phase, conditions: [{ type: 'Ready', status: 'True' }] } : status,
    },
    endpoint: JSON.stringify([namespace, labels, spec, status?.phase, details.ready]),
  };
}

function judgedSpec({ spec }: PodObject): object {
  const ports = (containers: NonNullable<PodObject['spec']>['containers'] = []) =>
    containers.map((container) => ({ name: container.name, ports: container.ports ?? [] }));
  return {
    ...(spec?.restartPolicy === undefined ? {} : { restartPolicy: spec.restartPolicy }),
    initContainers: ports(spec?.initContainers),
    containers: ports(spec?.containers),
  };
}

export function serviceFacts(object: unknown): ServiceFacts {
  const { kind = 'Service', metadata, ...more } = object as KubeObject & { readonly spec?: object };
  const { name, namespace = '' } = metadata;
  return { namespace, ...releaseOf(metadata), name, object: { kind, metadata: { name }, spec: more.spec ?? {} } };
}

export function workloadFacts(kind: WorkloadKind, object: unknown): WorkloadFacts {
  const { metadata, spec, status } = object as WorkloadObject;
  const { workload, complete } = progressOf(kind, metadata.name, object as WorkloadObject);
  const chart = metadata.labels?.['helm.sh/chart'];
  const failing = status?.conditions?.find((condition) => condition.type === 'ReplicaFailure');
  const refusal = failing?.status === 'True' ? failing.message : undefined;
  return {
    namespace: metadata.namespace ?? '',
    ...releaseOf(metadata),
    ...(chart === undefined ? {} : { chart }),
    selector: spec?.selector ?? {},
    images: [...imagesOf(spec?.template).values()].filter((image) => image !== undefined),
    progress: workload,
    complete,
    ...(refusal === undefined ? {} : { refusal }),
  };
}

function releaseOf({ annotations = {} }: KubeObject['metadata']): { readonly release?: ReleaseName } {
  const { [RELEASE_NAME]: name, [RELEASE_NAMESPACE]: namespace } = annotations;
  return name === undefined || namespace === undefined ? {} : { release: { name, namespace } };
}

/** @param object the metadata of the Secret in which Helm keeps a revision. */
export function releaseFacts(object: unknown): ReleaseFacts {
  const { metadata } = object as ReleaseSecret & { metadata: { namespace?: string } };
  const { revision, status, updated } = releaseRecord({ metadata });
  return {
    name: metadata.labels?.['name'] ?? '',
    namespace: metadata.namespace ?? '',
    revision,
    status,
    updated,
  };
}

/** Helm (3.2 and later) notes on each object to which release it belongs. */
const RELEASE_NAME = 'meta.helm.sh/release-name';
const RELEASE_NAMESPACE = 'meta.helm.sh/release-namespace';

interface NodeObject {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}
