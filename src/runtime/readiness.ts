import { isDeepStrictEqual } from 'node:util';
import { Failure, passesByItself, sleep } from '../base';
import type { Service } from '../project';
import type { KubeApi } from '../tools';
import { SERVICES_NAMESPACE, SERVICES_RELEASE } from './names';

/** How long the services may take to become ready, milliseconds. Their images are in the registry already. */
const PATIENCE_MS = 180_000;
const POLL_MS = 250;

interface ObjectMeta {
  readonly name: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
}

/** The parts of a Deployment that are read here. */
export interface Deployment {
  readonly metadata: ObjectMeta;
  readonly spec: { readonly replicas?: number; readonly template: PodTemplate };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly replicas?: number;
  };
}

export interface ReplicaSet {
  readonly metadata: ObjectMeta;
  readonly spec: { readonly template: PodTemplate };
}

export interface PodTemplate {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
  /** Compared only. */
  readonly spec?: unknown;
}

export interface ServicePod {
  readonly metadata: ObjectMeta;
  readonly status?: {
    readonly phase?: string;
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

interface ContainerStatus {
  readonly name: string;
  readonly restartCount?: number;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: Termination;
  };
  readonly lastState?: { readonly terminated?: Termination };
}

interface Termination {
  readonly reason?: string;
  readonly exitCode?: number;
}

/** What keeps a pod from ever becoming ready. */
export interface CertainFailure {
  readonly pod: string;
  readonly container: string;
  readonly reason: string;
  readonly message?: string;
  readonly exitCode?: number;
}

const APPS = `/apis/apps/v1/namespaces/${SERVICES_NAMESPACE}`;
const PODS = `/api/v1/namespaces/${SERVICES_NAMESPACE}/pods`;

/** The Deployments that belong to the services' release; Helm notes the release on each of its objects. */
export async function releaseWorkloads(api: KubeApi, signal?: AbortSignal): Promise<Deployment[]> {
  const query = { labelSelector: 'app.kubernetes.io/managed-by=Helm' };
  const { items } = await api.list<Deployment>(`${APPS}/deployments`, query, signal);
  return items.filter(({ metadata }) => metadata.annotations?.['meta.helm.sh/release-name'] === SERVICES_RELEASE);
}

/**
 * Waits until every service runs in its newest form.
 *
 * @throws Failure `service-not-ready` at the first certain failure, or when it takes too long; Cancelled.
 */
export async function awaitWorkloads(api: KubeApi, services: readonly Service[], signal?: AbortSignal): Promise<void> {
  let waiting: Deployment[] = [];
  for (let waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
    const deployments = await releaseWorkloads(api, signal);
    waiting = deployments.filter((deployment) => !isReady(deployment));
    if (waiting.length === 0 && deployments.length >= services.length) return;
    const failure = await firstCertainFailure(api, waiting, signal);
    if (failure) throw await serviceFailure(api, failure, services, signal);
    await sleep(POLL_MS, signal);
  }
  throw new Failure({
    code: 'service-not-ready',
    fault: 'environment',
    summary: `The services ${waiting.map(({ metadata }) => metadata.name).join(', ')} were not ready within ${PATIENCE_MS / 1000} s.`,
    evidence: await warningsOf(api, waiting, signal),
    nextSteps: ['See what Kubernetes says: `kubectl describe pods` with the kubeconfig of the runtime.'],
  });
}

interface KubeEvent {
  readonly reason?: string;
  readonly message?: string;
  readonly involvedObject: { readonly kind: string; readonly name: string };
}

/** What Kubernetes has complained of about these workloads and their pods, without repetitions. */
async function warningsOf(api: KubeApi, waiting: readonly Deployment[], signal?: AbortSignal): Promise<string[]> {
  const names = waiting.map(({ metadata }) => metadata.name);
  const query = { fieldSelector: 'type=Warning' };
  const { items } = await api.list<KubeEvent>(`/api/v1/namespaces/${SERVICES_NAMESPACE}/events`, query, signal);
  const messages = items
    .filter(({ involvedObject }) => names.some((name) => `${involvedObject.name}-`.startsWith(`${name}-`)))
    .map(({ involvedObject, reason, message }) => `${involvedObject.name}: ${reason ?? ''}: ${message ?? ''}`);
  return messages.length > 0 ? [...new Set(messages)].slice(-10) : names.map((name) => `${name}: no warnings`);
}

/** As `kubectl rollout status` decides it. */
export function isReady({ metadata, spec, status }: Deployment): boolean {
  const wanted = spec.replicas ?? 1;
  return (
    (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    (status?.updatedReplicas ?? 0) >= wanted &&
    (status?.availableReplicas ?? 0) >= wanted &&
    (status?.replicas ?? 0) <= (status?.updatedReplicas ?? 0)
  );
}

async function firstCertainFailure(api: KubeApi, waiting: readonly Deployment[], signal?: AbortSignal) {
  if (waiting.length === 0) return undefined;
  const [replicaSets, pods] = await Promise.all([
    api.list<ReplicaSet>(`${APPS}/replicasets`, {}, signal),
    api.list<ServicePod>(PODS, {}, signal),
  ]);
  const present = presentReplicaSets(waiting, replicaSets.items);
  return pods.items
    .filter(({ metadata }) => metadata.ownerReferences?.some(({ name }) => present.has(name)))
    .map(certainFailure)
    .find((failure) => failure !== undefined);
}

/**
 * Names of the ReplicaSets that hold pods of the Deployments' present form, as the controller tells them: by the
 * template. Its number of the revision still names the form of before while the pods of that one are ending.
 */
export function presentReplicaSets(deployments: readonly Deployment[], sets: readonly ReplicaSet[]): Set<string> {
  const present = sets.filter(({ metadata, spec }) =>
    deployments.some(
      (deployment) =>
        metadata.ownerReferences?.some(({ name }) => name === deployment.metadata.name) &&
        isDeepStrictEqual(withoutHash(spec.template), withoutHash(deployment.spec.template)),
    ),
  );
  return new Set(present.map(({ metadata }) => metadata.name));
}

/** The controller adds this label to the template of a ReplicaSet. */
function withoutHash(template: PodTemplate): PodTemplate {
  const labels = Object.entries(template.metadata?.labels ?? {}).filter(([name]) => name !== 'pod-template-hash');
  return { ...template, metadata: { ...template.metadata, labels: Object.fromEntries(labels) } };
}

/** States of a waiting container that do not pass by themselves. A first `ErrImagePull` may: the kubelet tries again. */
const HOPELESS = new Set([
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

/** One restart is forgiven: a service may come up before another one that it needs. */
const RESTARTS_FORGIVEN = 1;

export function certainFailure({ metadata, status }: ServicePod): CertainFailure | undefined {
  for (const { name, state, lastState, restartCount = 0 } of status?.containerStatuses ?? []) {
    const { waiting = {} } = state ?? {};
    const { reason, message } = waiting;
    const crashing = reason === 'CrashLoopBackOff' && restartCount > RESTARTS_FORGIVEN;
    if (reason === undefined || passesByItself(waiting) || !(HOPELESS.has(reason) || crashing)) continue;
    const ended = crashing ? lastState?.terminated : undefined;
    return {
      pod: metadata.name,
      container: name,
      reason: ended?.reason === 'OOMKilled' ? 'OOMKilled' : reason,
      ...(message === undefined ? {} : { message }),
      ...(ended?.exitCode === undefined ? {} : { exitCode: ended.exitCode }),
    };
  }
  return undefined;
}

async function serviceFailure(
  api: KubeApi,
  failure: CertainFailure,
  services: readonly Service[],
  signal?: AbortSignal,
): Promise<Failure> {
  const { pod, container, reason, message, exitCode } = failure;
  const service = services.find(({ id }) => pod.startsWith(`${id}-`));
  const lines = exitCode === undefined ? [] : await lastWords(api, pod, container, signal);
  return new Failure({
    code: 'service-not-ready',
    fault: exitCode === undefined ? 'environment' : 'app',
    summary:
      exitCode === undefined
        ? `The service ${service?.id ?? pod} cannot start: ${reason}.`
        : `The service ${service?.id ?? pod} ends again and again, with exit code ${exitCode} (${reason}).`,
    evidence: [...(message === undefined ? [] : [message]), ...lines],
    ...(service?.range ? { range: service.range } : {}),
    nextSteps: ['Check image, arguments and environment of the service in runtime.json.'],
  });
}

async function lastWords(api: KubeApi, pod: string, container: string, signal?: AbortSignal): Promise<string[]> {
  try {
    const text = await api.text(`${PODS}/${pod}/log`, { container, previous: true, tailLines: 20 }, signal);
    return text.trimEnd().split('\n');
  } catch (error) {
    // The log is evidence only; the failure it belongs to is known without it.
    if (error instanceof Failure) return [error.summary];
    throw error;
  }
}
