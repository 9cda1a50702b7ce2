import type { PushedImage } from '../build';
import { Failure } from '../base';
import { deploy, type DeployContext, type DeployResult } from '../deploy';
import type { App } from '../project';
import type { LocalRuntime, Runtime } from '../runtime';
import { kubernetes } from '../tools';
import { judgesOf, locatingInSources } from './explaining';
import { appDefaults } from './environment';
import { AppLog, type FollowMode } from './follow';
import { provideGivenImage, type GivenImage, type ImageSource } from './given-image';
import { buildApp, localTag, pushApp, removeReplacedImages, type Job } from './images';
import { removeOldRevisions } from './old-revisions';
import { provideMachineBundle } from './machine-bundle';
import { tellPodMoments } from './pod-moments';
import { whileRuntimeRuns } from './runtime-guard';
import { startRuntime, type StartingRuntime } from './start';
import { selectApps, type Session } from './session';
import { Steps, outcomeOf } from './steps';
import type { Outcome, RunEvent } from './types';

export interface RunRequest {
  /** Ids or names; default: every app of the repository. */
  readonly apps?: readonly string[];
  /** An image to run instead of building one; for a repository with one app, or one app named. */
  readonly image?: string;
  /** Of an image that is an index, the platform to run, e.g. `linux/arm64`. Default: what fits the nodes. */
  readonly platform?: string;
  /** False: the image built last is deployed as it is. Default: true. */
  readonly build?: boolean;
  readonly noCache?: boolean;
  /** `first-line`: ends when each app has written a line after its rollout; `forever`: ends by the signal. */
  readonly follow: FollowMode;
  /** Longest wait for a rollout, milliseconds. */
  readonly rolloutTimeoutMs?: number;
  /** Tell what scheduler and kubelet do with the pods, for a timeline. */
  readonly podMoments?: boolean;
}

export interface AppRun extends DeployResult {
  readonly app: string;
  /** The pinned reference that runs. */
  readonly image: string;
  /** Where it comes from, when it was not built here. */
  readonly source?: ImageSource;
}

const ROLLOUT_TIMEOUT_MS = 120_000;
/** Lines repeated of an app that was left running because nothing had changed. */
const UNCHANGED_TAIL = 10;

/**
 * The main job: build while the runtime starts, push, deploy, watch the rollout, follow the logs.
 *
 * Cancelling before the last rollout is complete gives `cancelled`, and the previous revision serves on. While only
 * logs are followed the job itself is done, so that cancelling then gives `done`.
 */
export function runApps(
  session: Session,
  request: RunRequest,
  emit: (event: RunEvent) => void,
  signal?: AbortSignal,
): Promise<Outcome<readonly AppRun[]>> {
  const job: Job = { session, steps: new Steps(emit, signal), emit, signal };
  return outcomeOf(async () => {
    // The Kubernetes client takes a moment to load: meanwhile files are read and the image is built.
    void kubernetes();
    const repository = await job.steps.run('read', undefined, () => session.readValid());
    const apps = selectApps(repository, request.apps);
    if (request.image === undefined && request.platform !== undefined) throw platformWithoutImage();
    if (request.image !== undefined && apps.length !== 1) throw imageForSeveralApps(apps);
    await provideMachineBundle(job);
    const runtime = await session.runtime(repository);
    const starting = startRuntime(job, runtime);
    const runs = apps.map((app) => runApp(job, app, runtime, starting, request));
    // One app's failure stops neither the others nor the runtime: what is on its way arrives, and the next run is warm.
    const settled = await Promise.allSettled([...runs, starting.runtime]);
    const failed = settled.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    await removeReplacedImages(job, runtime.cluster);
    return Promise.all(runs);
  }, signal);
}

async function runApp(
  job: Job,
  app: App,
  local: LocalRuntime,
  starting: StartingRuntime,
  request: RunRequest,
): Promise<AppRun> {
  const { source, ...image } = await imageInRegistry(job, app, local.cluster, starting, request);
  const runtime = await starting.runtime;
  const log = new AppLog(job, app, runtime.access, request.follow);
  const endMoments = request.podMoments ? tellPodMoments(job, app, runtime.access) : undefined;
  try {
    const since = new Date();
    const result = await deployApp(job, app, image, runtime, {
      ...(request.rolloutTimeoutMs === undefined ? {} : { timeoutMs: request.rolloutTimeoutMs }),
      onRolloutStarted: (selectors, changed) => log.start(selectors, changed ? { since } : { tail: UNCHANGED_TAIL }),
    });
    // While the log is followed, which may be for ever.
    const tidied = removeOldRevisions(job, { app, repository: image.repository, ...result }, runtime, local);
    await log.end();
    await tidied;
    return { app: app.id, image: `${image.repository}@${image.digest}`, ...(source ? { source } : {}), ...result };
  } finally {
    await log.stop();
    await endMoments?.();
  }
}

async function imageInRegistry(
  job: Job,
  app: App,
  cluster: string,
  starting: StartingRuntime,
  request: RunRequest,
): Promise<GivenImage> {
  const { image, platform } = request;
  if (image !== undefined) return provideGivenImage(job, app, { image, platform }, starting.registry);
  if (request.build === false) return pushApp(job, app, localTag(cluster, app), await starting.registry);
  const built = await buildApp(job, app, cluster, request.noCache === undefined ? {} : { noCache: request.noCache });
  return pushApp(job, app, built.tag, await starting.registry);
}

/** Deploys the image of one app and watches its rollout. */
export function deployApp(
  job: Job,
  app: App,
  image: PushedImage,
  runtime: Pick<Runtime, 'access' | 'services'>,
  options: { timeoutMs?: number; onRolloutStarted?: (selectors: readonly string[], changed: boolean) => void } = {},
): Promise<DeployResult> {
  return job.steps.run('deploy', app.id, async (reporter) => {
    const request = {
      release: app.id,
      namespace: app.namespace,
      chartPath: job.session.chartPath(app),
      chart: app.chart,
      image,
      defaults: appDefaults(app, runtime.services),
      access: runtime.access,
      timeoutMs: options.timeoutMs ?? ROLLOUT_TIMEOUT_MS,
    };
    const context: Omit<DeployContext, 'signal'> = {
      toolbox: job.session.toolbox,
      ...judgesOf(app),
      ...(options.onRolloutStarted ? { onRolloutStarted: options.onRolloutStarted } : {}),
      onEvent: (event) => {
        if (event.type === 'progress') reporter.progress(event.message);
        else job.emit({ ...event, app: app.id });
      },
    };
    const result = await locatingInSources(job.session.root, () =>
      whileRuntimeRuns(job, (signal) => deploy(request, { ...context, signal })),
    );
    const revision = `revision ${result.revision}`;
    if (result.changed) reporter.result(revision);
    else reporter.skip(`nothing changed, ${revision} serves on`);
    return result;
  });
}

function platformWithoutImage(): Failure {
  return new Failure({
    code: 'platform-needs-image',
    fault: 'usage',
    summary: 'A platform was named, but no image to take it of.',
    nextSteps: ['Name the image as well: `--image REFERENCE`. What is built for a run is for the nodes’ own platform.'],
  });
}

function imageForSeveralApps(apps: readonly App[]): Failure {
  return new Failure({
    code: 'image-needs-one-app',
    fault: 'usage',
    summary: `An image was named, but ${apps.length} apps would run.`,
    nextSteps: [`Name the app as well: one of ${apps.map((app) => app.id).join(', ')}.`],
  });
}
