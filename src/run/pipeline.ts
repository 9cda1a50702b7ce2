import type { PushedImage } from '../build';
import { Failure } from '../base';
import { connect, deploy, prepareDeploy, type DeployContext, type DeployResult, type LiveTemplate } from '../deploy';
import type { App } from '../project';
import type { Runtime } from '../runtime';
import { kubernetes, type KubeApi } from '../tools';
import { judgesOf, locatingInSources } from './explaining';
import { appDefaults } from './environment';
import { AppLog, type FollowMode } from './follow';
import type { GivenImage, ImageSource } from './given-image';
import type { Job } from './images';
import { tellPodMoments } from './pod-moments';
import { whileRuntimeRuns } from './runtime-guard';
import { selectApps, type Session } from './session';
import { Steps, outcomeOf } from './steps';
import type { Target } from './target';
import { targetOf } from './targets';
import type { Outcome, RunEvent } from './types';

export interface RunRequest {
  /** Ids or names; default: every app of the repository. */
  readonly apps?: readonly string[];
  /** A context of the user's kubeconfig that `vapp.yaml` allows. Default: the local runtime. */
  readonly context?: string;
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
    // So does Helm to say which version it is.
    void prepareDeploy(session.toolbox).catch(() => undefined);
    const repository = await job.steps.run('read', undefined, () => session.readValid());
    const apps = selectApps(repository, request.apps);
    if (request.image === undefined && request.platform !== undefined) throw platformWithoutImage();
    if (request.image !== undefined && apps.length !== 1) throw imageForSeveralApps(apps);
    const target = await targetOf(job, repository, request.context);
    await target.begin();
    const runs = apps.map((app) => runApp(job, target.placed(app), target, request));
    // One app's failure stops neither the others nor the runtime: what is on its way arrives, and the next run is warm.
    const settled = await Promise.allSettled([...runs, target.reached()]);
    const failed = settled.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    await target.end();
    return Promise.all(runs);
  }, signal);
}

async function runApp(job: Job, app: App, target: Target, request: RunRequest): Promise<AppRun> {
  const connecting = target.reached().then(({ access }) => connect(access));
  // Looked at when the image is there; its failure may come first.
  connecting.catch(() => undefined);
  try {
    const image = await target.image(app, request);
    return await runImage(job, app, target, request, image, await connecting);
  } finally {
    await connecting.then(
      (api) => api.close(),
      () => undefined,
    );
  }
}

async function runImage(
  job: Job,
  app: App,
  target: Target,
  request: RunRequest,
  { source, ...image }: GivenImage,
  api: KubeApi,
): Promise<AppRun> {
  const runtime = await target.reached();
  const log = new AppLog(job, app, runtime.access, request.follow);
  const endMoments = request.podMoments ? tellPodMoments(job, app, runtime.access) : undefined;
  try {
    const since = new Date();
    const result = await deployApp(job, app, image, runtime, {
      api,
      ...(request.rolloutTimeoutMs === undefined ? {} : { timeoutMs: request.rolloutTimeoutMs }),
      whileThere: (work) => target.whileThere(app, work),
      onRolloutStarted: (selectors, changed) => log.start(selectors, changed ? { since } : { tail: UNCHANGED_TAIL }),
    });
    // While the log is followed, which may be for ever.
    const tidied = target.tidy({ app, repository: image.repository, ...result });
    await log.end();
    await tidied;
    return { app: app.id, image: `${image.repository}@${image.digest}`, ...(source ? { source } : {}), ...result };
  } finally {
    await log.stop();
    await endMoments?.();
  }
}

/** Deploys the image of one app and watches its rollout. */
export function deployApp(
  job: Job,
  app: App,
  image: PushedImage,
  runtime: Pick<Runtime, 'access' | 'services'>,
  options: {
    timeoutMs?: number;
    /** See `DeployContext.api`. */
    api?: KubeApi;
    /** Does the work, and ends it when the cluster does. Default: for the local runtime. */
    whileThere?: <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T>;
    onRolloutStarted?: (selectors: readonly string[], changed: boolean) => void;
    live?: LiveTemplate;
  } = {},
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
      ...(options.live ? { live: options.live } : {}),
    };
    const context: Omit<DeployContext, 'signal'> = {
      toolbox: job.session.toolbox,
      ...judgesOf(app),
      api: options.api,
      ...(options.onRolloutStarted ? { onRolloutStarted: options.onRolloutStarted } : {}),
      onEvent: (event) => {
        if (event.type === 'progress') reporter.progress(event.message);
        else job.emit({ ...event, app: app.id });
      },
    };
    const { whileThere = (work) => whileRuntimeRuns(job, work) } = options;
    const result = await locatingInSources(job.session.root, () =>
      whileThere((signal) => deploy(request, { ...context, signal })),
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
