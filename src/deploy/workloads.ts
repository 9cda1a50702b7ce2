import { parseAllDocuments } from 'yaml';
import type { KubeObject, LabelSelector, PodTemplate, WorkloadObject } from './objects';
import type { Workload } from './types';

export type WorkloadKind = Workload['kind'];

/** A workload as a chart rendered it. */
export interface WorkloadReference {
  readonly kind: WorkloadKind;
  readonly name: string;
  readonly namespace: string;
  readonly rendered: WorkloadObject;
}

/** How far a workload is. */
export interface Progress {
  readonly workload: Workload;
  readonly complete: boolean;
  /** What is still missing, in words, or why it will never be there. */
  readonly missing: string;
  /** Kubernetes has given up on it. */
  readonly failed?: string;
}

/** Path of the collection of each kind in the API, below the namespace. */
export const COLLECTIONS: Readonly<Record<WorkloadKind, { readonly api: string; readonly plural: string }>> = {
  Deployment: { api: '/apis/apps/v1', plural: 'deployments' },
  StatefulSet: { api: '/apis/apps/v1', plural: 'statefulsets' },
  DaemonSet: { api: '/apis/apps/v1', plural: 'daemonsets' },
  Job: { api: '/apis/batch/v1', plural: 'jobs' },
};

/** Path of all objects of a kind in a namespace, or of one of them. */
export function workloadPath(kind: WorkloadKind, namespace: string, name?: string): string {
  const { api, plural } = COLLECTIONS[kind];
  return `${api}/namespaces/${namespace}/${plural}${name === undefined ? '' : `/${name}`}`;
}

/** The workloads in a release's manifest, in its order. */
export function workloadsOf(manifest: string, releaseNamespace: string): WorkloadReference[] {
  return parseAllDocuments(manifest)
    .flatMap((document) => flattenList(document.toJS() as unknown))
    .flatMap((object): WorkloadReference[] => {
      const name = object.metadata?.name;
      if (!isWorkloadKind(object.kind) || name === undefined) return [];
      const namespace = object.metadata?.namespace ?? releaseNamespace;
      return [{ kind: object.kind, name, namespace, rendered: object as WorkloadObject }];
    });
}

/** A label selector string that finds the pods of a workload. */
export function podSelector(reference: WorkloadReference): string {
  // The API server gives a Job's pods the Job's name; charts do not write a selector for them.
  if (reference.kind === 'Job') return `batch.kubernetes.io/job-name=${reference.name}`;
  return selectorText(reference.rendered.spec?.selector ?? {});
}

/** The selectors of all workloads, each once. */
export function podSelectors(references: readonly WorkloadReference[]): string[] {
  return [...new Set(references.map(podSelector))].filter((selector) => selector !== '');
}

/** Tells whether the selector of a live workload finds a pod with given labels; an empty one finds none. */
export function selectorOf({ matchLabels = {}, matchExpressions = [] }: LabelSelector): (labels: Labels) => boolean {
  const pairs = Object.entries(matchLabels);
  if (pairs.length + matchExpressions.length === 0) return () => false;
  return (labels) =>
    pairs.every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value);
        case 'NotIn':
          return value === undefined || !values.includes(value);
        case 'Exists':
          return value !== undefined;
        case 'DoesNotExist':
          return value === undefined;
      }
    });
}

type Labels = Readonly<Record<string, string>>;

/** Whether the live object still is what the chart rendered, as far as running the app is concerned. */
export function isAsRendered(reference: WorkloadReference, live: WorkloadObject): boolean {
  const rendered = reference.rendered.spec;
  if (typeof rendered?.replicas === 'number' && rendered.replicas !== live.spec?.replicas) return false;
  const images = imagesOf(live.spec?.template);
  return [...imagesOf(rendered?.template)].every(([container, image]) => images.get(container) === image);
}

/**
 * Reads a workload's status by the rules of `kubectl rollout status`. A Job counts as rolled out when its pods run and
 * are ready, or when it has completed: a job may be meant to run for ever.
 */
export function progressOf(kind: WorkloadKind, name: string, live: WorkloadObject | undefined): Progress {
  if (live === undefined) {
    const workload = { kind, name, ready: 0, wanted: 0 };
    return { workload, complete: false, missing: `${kind} ${name} does not exist` };
  }
  const { spec = {}, status = {} } = live;
  const counts = COUNTS[kind](spec, status);
  const workload = { kind, name, ready: counts.ready, wanted: counts.wanted };
  const observed = kind === 'Job' || (status.observedGeneration ?? 0) >= (live.metadata.generation ?? 0);
  const complete = observed && counts.complete;
  const failed = kind === 'Job' ? jobFailure(live) : undefined;
  return {
    workload,
    complete,
    missing: complete ? '' : `${kind} ${name}: ${counts.ready} of ${counts.wanted} ready${conditionText(live)}`,
    ...(failed === undefined ? {} : { failed }),
  };
}

type Spec = NonNullable<WorkloadObject['spec']>;
type Status = NonNullable<WorkloadObject['status']>;
interface Counts {
  readonly ready: number;
  readonly wanted: number;
  readonly complete: boolean;
}

const COUNTS: Readonly<Record<WorkloadKind, (spec: Spec, status: Status) => Counts>> = {
  Deployment(spec, status) {
    const wanted = spec.replicas ?? 1;
    const { updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = status;
    const ready = Math.min(updatedReplicas, availableReplicas);
    return { ready, wanted, complete: updatedReplicas >= wanted && replicas <= updatedReplicas && ready >= wanted };
  },
  StatefulSet(spec, status) {
    const wanted = spec.replicas ?? 1;
    const ready = status.readyReplicas ?? 0;
    if (spec.updateStrategy?.type === 'OnDelete') return { ready, wanted, complete: ready >= wanted };
    const toUpdate = Math.max(0, wanted - (spec.updateStrategy?.rollingUpdate?.partition ?? 0));
    const updated = status.updateRevision === status.currentRevision ? wanted : (status.updatedReplicas ?? 0);
    return { ready, wanted, complete: ready >= wanted && updated >= toUpdate };
  },
  DaemonSet(spec, status) {
    const { desiredNumberScheduled: wanted = 0, numberAvailable: ready = 0, updatedNumberScheduled = 0 } = status;
    const updated = spec.updateStrategy?.type === 'OnDelete' ? wanted : updatedNumberScheduled;
    return { ready, wanted, complete: ready >= wanted && updated >= wanted };
  },
  Job(spec, status) {
    const completions = spec.completions ?? 1;
    const wanted = Math.min(spec.parallelism ?? 1, completions);
    const succeeded = status.succeeded ?? 0;
    const ready = Math.min(wanted, (status.ready ?? 0) + succeeded);
    return { ready, wanted, complete: spec.suspend === true || succeeded >= completions || ready >= wanted };
  },
};

function jobFailure(live: WorkloadObject): string | undefined {
  const condition = live.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
  return condition && [condition.reason, condition.message].filter(Boolean).join(': ');
}

function conditionText(live: WorkloadObject): string {
  const failing = live.status?.conditions?.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  return failing?.message === undefined ? '' : ` (${failing.message})`;
}

/** Container → image. */
export function imagesOf(template: PodTemplate | undefined): Map<string, string | undefined> {
  return new Map((template?.spec?.containers ?? []).map(({ name, image }) => [name, image]));
}

function isWorkloadKind(kind: string | undefined): kind is WorkloadKind {
  return kind !== undefined && Object.hasOwn(COLLECTIONS, kind);
}

/** An object as a chart rendered it, or those of a list. */
export function flattenList(object: unknown): Partial<KubeObject>[] {
  if (typeof object !== 'object' || object === null) return [];
  const { kind, items } = object as { kind?: string; items?: unknown[] };
  return kind?.endsWith('List') === true && items ? items.flatMap(flattenList) : [object];
}

function selectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => {
    switch (operator) {
      case 'In':
        return `${key} in (${values.join(',')})`;
      case 'NotIn':
        return `${key} notin (${values.join(',')})`;
      case 'Exists':
        return key;
      case 'DoesNotExist':
        return `!${key}`;
    }
  });
  return [...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`), ...expressions].join(',');
}
