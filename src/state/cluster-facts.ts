import type { Failure } from '../base';
import {
  imagesOf,
  podDetails,
  progressOf,
  type LabelSelector,
  type PodJudge,
  type PodObject,
  type Workload,
  type WorkloadKind,
  type WorkloadObject,
} from '../deploy';
import { releaseRecord, type ReleaseSecret } from '../tools';
import type { PodPicture } from './types';

/** What is remembered of a cluster's objects: what a picture shows, and what it takes to find out what belongs together. */
export interface ClusterFacts {
  readonly nodes: readonly NodeFacts[];
  readonly pods: readonly PodFacts[];
  readonly workloads: readonly WorkloadFacts[];
  readonly releases: readonly ReleaseFacts[];
}

export interface NodeFacts {
  readonly name: string;
  readonly ready: boolean;
}

export interface PodFacts {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly picture: PodPicture;
}

export interface WorkloadFacts {
  readonly namespace: string;
  /** The Helm release that made it. */
  readonly release?: { readonly name: string; readonly namespace: string };
  readonly chart?: string;
  readonly selector: LabelSelector;
  readonly images: readonly string[];
  readonly progress: Workload;
  /** Whether it runs what it is to run, and nothing else. */
  readonly complete: boolean;
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
  return { name: metadata.name, ready: ready === true };
}

/** @param judge says why a pod can never become ready. */
export function podFacts(object: unknown, judge: PodJudge | undefined): PodFacts {
  const pod = object as PodObject;
  const details = podDetails(pod);
  const failure: Failure | undefined = details.ready || details.deleting ? undefined : judge?.(pod);
  return {
    namespace: pod.metadata.namespace ?? '',
    labels: pod.metadata.labels ?? {},
    picture: { ...details, ...(failure ? { failure } : {}) },
  };
}

export function workloadFacts(kind: WorkloadKind, object: unknown): WorkloadFacts {
  const { metadata, spec } = object as WorkloadObject;
  const { workload, complete } = progressOf(kind, metadata.name, object as WorkloadObject);
  const { [RELEASE_NAME]: name, [RELEASE_NAMESPACE]: namespace } = metadata.annotations ?? {};
  const chart = metadata.labels?.['helm.sh/chart'];
  return {
    namespace: metadata.namespace ?? '',
    ...(name === undefined || namespace === undefined ? {} : { release: { name, namespace } }),
    ...(chart === undefined ? {} : { chart }),
    selector: spec?.selector ?? {},
    images: [...imagesOf(spec?.template).values()].filter((image) => image !== undefined),
    progress: workload,
    complete,
  };
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
