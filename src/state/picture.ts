import { sep } from 'node:path';
import { Failure, type Problem } from '../base';
import type { App, Repository, Service } from '../project';
import { SERVICES_NAMESPACE, SERVICES_RELEASE, type RuntimeActivity, type RuntimeStatus } from '../runtime';
import type { ClusterFacts, PodFacts, ReleaseFacts, ReleaseName, WorkloadFacts } from './cluster-facts';
import type { PodSelection } from './pod-selection';
import type {
  AppPicture,
  EnginePicture,
  PodPicture,
  ReleasePicture,
  RuntimePicture,
  ServicePicture,
  Trouble,
  WorkspacePicture,
} from './types';
import type { Verdicts } from './verdicts';

/** What is known of a workspace, by where it is known from. */
export interface Knowledge {
  readonly root: string;
  readonly repository: Repository | undefined;
  /** Why the repository cannot be read. */
  readonly repositoryFailure: Failure | undefined;
  readonly cluster: string | undefined;
  readonly engine: EnginePicture;
  /** As the engine tells; undefined while it has not been asked or is away. */
  readonly status: RuntimeStatus | undefined;
  readonly activity: RuntimeActivity | undefined;
  /** Undefined while the cluster is not followed. */
  readonly facts: ClusterFacts | undefined;
  readonly clusterFailure: Failure | undefined;
}

/** What pictures of the same workspace have in common, so that each begins with what is known from those before. */
export interface PictureMemory {
  readonly verdicts: Verdicts;
  readonly selection: PodSelection;
}

/** Puts together what is known. */
export function pictureOf(knowledge: Knowledge, memory: PictureMemory): WorkspacePicture {
  const { root, engine, repository, repositoryFailure, facts } = knowledge;
  const problems = repository?.problems ?? [];
  return {
    root,
    engine,
    runtime: runtimePicture(knowledge),
    apps: (repository?.apps ?? []).map((app) => appPicture(app, problems, facts, memory)),
    problems,
    ...(repositoryFailure ? { failure: repositoryFailure } : {}),
  };
}

function runtimePicture(knowledge: Knowledge): RuntimePicture {
  const { cluster, status, activity, facts, repository } = knowledge;
  const failure = runtimeFailure(knowledge);
  return {
    ...(cluster === undefined ? {} : { cluster }),
    state: status?.state ?? 'unknown',
    ...(activity ? { activity } : {}),
    ...(failure ? { failure } : {}),
    ...(status?.access ? { access: status.access } : {}),
    followed: facts !== undefined,
    nodes: (status?.nodes ?? []).map((node) => {
      const known = facts?.nodes.find(({ name }) => name === node.name);
      return { ...node, ...(facts ? { ready: known?.ready === true } : {}) };
    }),
    ...(status?.registry ? { registry: status.registry } : {}),
    services: hasServices(status) ? servicePictures(repository?.services ?? [], status, facts) : [],
  };
}

function runtimeFailure({ engine, status, activity, clusterFailure }: Knowledge): Failure | undefined {
  // Whoever is starting it waits for the engine, too.
  if (!status) return activity === 'starting' ? undefined : engine.failure;
  if (status.state === 'running' && !status.access && !activity) return kubeconfigMissing(status.cluster);
  return status.failure ?? clusterFailure;
}

/** The folder of our data is gone, or another one than that in which the runtime was started. */
function kubeconfigMissing(cluster: string): Failure {
  return new Failure({
    code: 'kubeconfig-missing',
    fault: 'environment',
    summary: `The local runtime ${cluster} runs, but how to reach its Kubernetes is not known here.`,
    nextSteps: ['Start the runtime again: `vapp up` finds it out.'],
  });
}

function hasServices(status: RuntimeStatus | undefined): status is RuntimeStatus {
  return status?.state === 'running' || status?.state === 'stopped';
}

function servicePictures(
  services: readonly Service[],
  status: RuntimeStatus,
  facts: ClusterFacts | undefined,
): ServicePicture[] {
  return services
    .filter(({ enabled }) => enabled)
    .map(({ id }) => {
      const endpoint = status.services.find((candidate) => candidate.id === id);
      const workload = facts?.workloads.find(
        (candidate) => isOf(candidate, SERVICES_RELEASE, SERVICES_NAMESPACE) && candidate.progress.name === id,
      );
      return {
        id,
        ...(endpoint ? { cluster: endpoint.cluster } : {}),
        ...(endpoint?.local === undefined ? {} : { local: endpoint.local }),
        ...(facts ? { ready: workload?.complete === true } : {}),
      };
    });
}

function appPicture(
  app: App,
  problems: readonly Problem[],
  facts: ClusterFacts | undefined,
  memory: PictureMemory,
): AppPicture {
  const workloads = facts?.workloads.filter((workload) => isOf(workload, app.id, app.namespace)) ?? [];
  const release = releasePicture(app, facts?.releases ?? [], workloads);
  const image = imageOf(app, workloads);
  return {
    id: app.id,
    name: app.name.value,
    namespace: app.namespace,
    files: {
      dockerfile: app.dockerfile.value,
      ...(app.manifest ? { manifest: app.manifest.file } : {}),
      ...(app.chart.path === undefined ? {} : { chart: app.chart.path }),
    },
    problems: problems.filter(({ range }) => isFileOf(app, range.file)),
    ...(release ? { release } : {}),
    ...(image === undefined ? {} : { image }),
    workloads: workloads.map(({ progress }) => progress),
    pods: facts ? podPictures(app, workloads, facts, memory) : [],
    troubles: facts && release ? troublesOf(app, workloads, facts, memory.verdicts) : [],
  };
}

function releasePicture(
  app: App,
  releases: readonly ReleaseFacts[],
  workloads: readonly WorkloadFacts[],
): ReleasePicture | undefined {
  const [latest] = releases
    .filter(({ name, namespace }) => name === app.id && namespace === app.namespace)
    .sort((a, b) => b.revision - a.revision);
  if (!latest) return undefined;
  const { revision, status, updated } = latest;
  const chart = workloads.find((workload) => workload.chart !== undefined)?.chart;
  return { revision, status, updated, ...(chart === undefined ? {} : { chart }) };
}

function podPictures(
  app: App,
  workloads: readonly WorkloadFacts[],
  facts: ClusterFacts,
  { selection, verdicts }: PictureMemory,
): readonly PodPicture[] {
  const pods = selection.of(app, workloads, facts.pods);
  const around = { othersLeave: pods.some(isLeaving), taints: facts.nodes.flatMap(({ taints }) => taints) };
  return verdicts.pictures(app, pods, around, facts.warningsOf);
}

function isLeaving(pod: PodFacts): boolean {
  return pod.details.deleting;
}

/** Pods that cannot be created at all; and, where all serve that are wanted, Services that do not lead to them. */
function troublesOf(app: App, workloads: readonly WorkloadFacts[], facts: ClusterFacts, verdicts: Verdicts): Trouble[] {
  const refusals = workloads.flatMap((workload) => verdicts.ofRefusal(app, workload) ?? []);
  const serves = workloads.every(({ complete, progress }) => complete && progress.wanted > 0);
  const services = serves ? facts.services.filter((service) => isOf(service, app.id, app.namespace)) : [];
  return [
    ...refusals.map((failure): Trouble => ({ severity: 'error', failure })),
    ...services
      .flatMap((service) => verdicts.ofService(app, service, facts.pods) ?? [])
      .map((failure): Trouble => ({ severity: 'warning', failure })),
  ];
}

/** An app's image is pushed under the app's id; other containers of its pods have images of their own. */
function imageOf(app: App, workloads: readonly WorkloadFacts[]): string | undefined {
  const images = workloads.flatMap((workload) => workload.images);
  return images.find((image) => image.includes(`/${app.id}@`)) ?? images[0];
}

function isOf({ release }: { readonly release?: ReleaseName }, name: string, namespace: string): boolean {
  return release?.name === name && release.namespace === namespace;
}

function isFileOf(app: App, file: string): boolean {
  const { chart, manifest, dockerfile } = app;
  return (
    file === manifest?.file ||
    file === dockerfile.value ||
    chart.valuesFiles.includes(file) ||
    (chart.path !== undefined && file.startsWith(chart.path + sep))
  );
}
