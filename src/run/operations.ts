import { Failure, isCancelled, type Problem } from '../base';
import type { BuiltImage } from '../build';
import { releaseSelectors, releaseStatus, rollback, uninstall, type DeployResult, type ReleaseStatus } from '../deploy';
import { followLogs } from '../logs';
import type { App } from '../project';
import { readActivity, type RuntimeActivity, type RuntimeStatus, type ServiceEndpoint } from '../runtime';
import { KubeApi, releaseHistory } from '../tools';
import { judgesOf } from './explaining';
import { buildApp, removeBuiltImages, type Job } from './images';
import { provideMachineBundle } from './machine-bundle';
import { notDeployed, runningAccess } from './not-running';
import { selectApps, type Session } from './session';
import { startRuntime } from './start';
import { Steps, outcomeOf } from './steps';
import { targetOf } from './targets';
import type { Outcome, RunEvent } from './types';

type Emit = (event: RunEvent) => void;

/** A job with its steps. */
export function jobOf(session: Session, emit: Emit, signal?: AbortSignal): Job {
  return { session, steps: new Steps(emit, signal), emit, signal };
}

export interface BuildAppsRequest {
  readonly apps?: readonly string[];
  /** E.g. `linux/arm64`; default: the engine's own. `all` stands for the platforms each app declares. */
  readonly platforms?: readonly string[] | 'all';
  readonly noCache?: boolean;
}

/** Builds images into the engine's store; needs no runtime. */
export function buildApps(
  session: Session,
  request: BuildAppsRequest,
  emit: Emit,
  signal?: AbortSignal,
): Promise<Outcome<readonly BuiltImage[]>> {
  const job = jobOf(session, emit, signal);
  return outcomeOf(async () => {
    const repository = await job.steps.run('read', undefined, () => session.readValid());
    const { cluster } = await session.runtime(repository);
    const images: BuiltImage[] = [];
    for (const app of selectApps(repository, request.apps)) {
      const platforms = request.platforms === 'all' ? app.platforms : (request.platforms ?? []);
      images.push(
        await buildApp(job, app, cluster, {
          platforms,
          keepSteps: true,
          ...(request.noCache === undefined ? {} : { noCache: request.noCache }),
        }),
      );
    }
    return images;
  }, signal);
}

/** Creates or resumes the runtime and waits until its services are ready. */
export function startWorkspace(session: Session, emit: Emit, signal?: AbortSignal): Promise<Outcome<RuntimeStatus>> {
  const job = jobOf(session, emit, signal);
  return outcomeOf(async () => {
    const repository = await session.readValid();
    await provideMachineBundle(job);
    const local = await session.runtime(repository);
    const starting = startRuntime(job, local);
    await starting.runtime;
    await starting.services;
    return local.status(signal);
  }, signal);
}

/** Stops the runtime; images, releases and data stay for the next start. */
export function stopWorkspace(session: Session, emit: Emit, signal?: AbortSignal): Promise<Outcome> {
  return outcomeOf(async () => {
    const local = await session.runtime(await session.read());
    await local.stop({ signal, onEvent: (event) => emit({ type: 'runtime', event }) });
  }, signal);
}

/** Deletes the runtime with everything in it: cluster, registry, volumes, network, kubeconfig, and the images built. */
export function deleteWorkspace(session: Session, emit: Emit, signal?: AbortSignal): Promise<Outcome> {
  return outcomeOf(async () => {
    const local = await session.runtime(await session.read());
    await local.delete({ signal, onEvent: (event) => emit({ type: 'runtime', event }) });
    await removeBuiltImages(await session.docker(), local.cluster);
  }, signal);
}

export interface WorkspaceStatus {
  readonly root: string;
  readonly runtime: RuntimeStatus;
  /** What a process of this machine is doing to the runtime, also while Docker is not up yet. */
  readonly activity?: RuntimeActivity;
  readonly apps: readonly { readonly id: string; readonly name: string; readonly release?: ReleaseStatus }[];
  readonly services: readonly ServiceEndpoint[];
  readonly problems: readonly Problem[];
  /** The contexts of other clusters that `vapp.yaml` allows; `contextStatus` asks them. */
  readonly contexts: readonly string[];
}

/** What is there and what runs; works whatever state repository and runtime are in. */
export function workspaceStatus(session: Session, signal?: AbortSignal): Promise<Outcome<WorkspaceStatus>> {
  return outcomeOf(async () => {
    const repository = await session.read();
    const runtime = await (await session.runtime(repository)).status(signal);
    const activity = (await readActivity(session.dataDirectory, runtime.cluster))?.activity;
    const apps = await Promise.all(
      repository.apps.map(async (app) => {
        const release = await releaseOf(app, runtime, activity);
        return { id: app.id, name: app.name.value, ...(release ? { release } : {}) };
      }),
    );
    return {
      root: repository.root,
      runtime,
      ...(activity ? { activity } : {}),
      apps,
      services: runtime.services,
      problems: repository.problems,
      contexts: repository.remote.contexts.map(({ name }) => name.value),
    };
  }, signal);
}

/** An app's release where the cluster answers. One that is being started may not yet, although its node runs. */
async function releaseOf(
  app: App,
  { state, access }: RuntimeStatus,
  activity: RuntimeActivity | undefined,
): Promise<ReleaseStatus | undefined> {
  if (state !== 'running' || !access) return undefined;
  try {
    return await releaseStatus({ release: app.id, namespace: app.namespace, access });
  } catch (error) {
    if (activity === 'starting' && error instanceof Failure && error.fault === 'environment') return undefined;
    throw error;
  }
}

export interface LogsRequest {
  readonly apps?: readonly string[];
  /** A context of the user's kubeconfig that `vapp.yaml` allows. Default: the local runtime. */
  readonly context?: string;
  readonly follow: boolean;
  readonly since?: Date;
  readonly tail?: number;
}

/** Shows the logs of apps; ends with the logs, or by the signal, which is then no error. */
export function showLogs(session: Session, request: LogsRequest, emit: Emit, signal?: AbortSignal): Promise<Outcome> {
  return outcomeOf(async () => {
    const repository = await session.readValid();
    const apps = selectApps(repository, request.apps);
    const target = await targetOf(jobOf(session, emit, signal), repository, request.context);
    const access = await target.access();
    await Promise.all(
      apps.map(async (named) => {
        const app = target.placed(named);
        const selectors = await releaseSelectors({ release: app.id, namespace: app.namespace, access });
        if (selectors.length === 0) throw notDeployed(app);
        try {
          const { follow, since, tail } = request;
          const events = followLogs({
            access,
            namespace: app.namespace,
            selectors,
            follow,
            ...(since ? { since } : {}),
            ...(tail === undefined ? {} : { tail }),
            ...(signal ? { signal } : {}),
          });
          for await (const batch of events) for (const event of batch) emit({ type: 'log', app: app.id, event });
        } catch (error) {
          if (!isCancelled(error, signal)) throw error;
        }
      }),
    );
  }, signal);
}

/** Brings apps back to the revision before the running one, and watches that rollout. */
export function rollBackApps(
  session: Session,
  request: { readonly apps?: readonly string[]; readonly context?: string; readonly revision?: number },
  emit: Emit,
  signal?: AbortSignal,
): Promise<Outcome<readonly DeployResult[]>> {
  const job = jobOf(session, emit, signal);
  return outcomeOf(async () => {
    const repository = await session.readValid();
    const target = await targetOf(job, repository, request.context);
    const access = await target.access();
    const { revision } = request;
    const results: DeployResult[] = [];
    for (const app of selectApps(repository, request.apps).map((named) => target.placed(named))) {
      const subject = { release: app.id, namespace: app.namespace, access };
      results.push(
        await job.steps.run('rollout', app.id, async (reporter) => {
          const result = await target.whileThere(app, () =>
            rollback(
              { ...subject, ...(revision === undefined ? {} : { revision }) },
              { toolbox: session.toolbox, signal, ...judgesOf(app) },
            ),
          );
          reporter.result(`revision ${result.revision}`);
          return result;
        }),
      );
    }
    return results;
  }, signal);
}

/** One revision of an app's release. */
export interface AppRevision {
  readonly revision: number;
  /** Helm's word: deployed, superseded, failed, … */
  readonly status: string;
  /** When it was begun, RFC 3339. */
  readonly updated: string;
  /** Helm's remark, e.g. `Rollback to 2`. */
  readonly description?: string;
}

/** The revisions of an app that can be gone back to, and the present one; the newest first. */
export function appHistory(
  session: Session,
  app: string,
  signal?: AbortSignal,
): Promise<Outcome<readonly AppRevision[]>> {
  return outcomeOf(async () => {
    const repository = await session.readValid();
    const access = await runningAccess(session, repository, signal);
    const api = await KubeApi.open(access);
    try {
      const revisions: AppRevision[] = [];
      for (const { id, namespace } of selectApps(repository, [app])) {
        for (const { revision, status, updated, description } of await releaseHistory(api, id, namespace, signal)) {
          revisions.push({ revision, status, updated, ...(description === undefined ? {} : { description }) });
        }
      }
      return revisions;
    } finally {
      api.close();
    }
  }, signal);
}

/** Removes the releases of apps; the runtime and its services stay. */
export function uninstallApps(
  session: Session,
  request: { readonly apps?: readonly string[]; readonly context?: string },
  emit: Emit,
  signal?: AbortSignal,
): Promise<Outcome> {
  const job = jobOf(session, emit, signal);
  return outcomeOf(async () => {
    const repository = await session.readValid();
    const target = await targetOf(job, repository, request.context);
    const access = await target.access();
    for (const app of selectApps(repository, request.apps).map((named) => target.placed(named))) {
      const subject = { release: app.id, namespace: app.namespace, access };
      await job.steps.run('deploy', app.id, async (reporter) => {
        await target.whileThere(app, () => uninstall(subject, { toolbox: session.toolbox, signal }));
        reporter.result('uninstalled');
      });
    }
  }, signal);
}
