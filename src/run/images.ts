import { messageOf } from '../base';
import {
  buildImage,
  ensureLocalImage,
  parseReference,
  pathOf,
  pruneImages,
  pushImage,
  removeImages,
  type BuiltImage,
  type PushedImage,
} from '../build';
import type { App } from '../project';
import type { RegistryAddress } from '../runtime';
import type { Docker } from '../tools';
import { chosenBuild } from './build-options';
import { bundledCache } from './bundle-cache';
import { emitting, locatingBuildErrors } from './explaining-builds';
import type { Session } from './session';
import type { Steps } from './steps';
import type { RunEvent } from './types';

/** What the steps of one job share. */
export interface Job {
  readonly session: Session;
  readonly steps: Steps;
  readonly emit: (event: RunEvent) => void;
  readonly signal?: AbortSignal | undefined;
}

/** On every image that we build, with the name of the cluster it is for: what `vapp delete` removes. */
export const IMAGE_LABEL = 'io.vscode-velocitas.cluster';

export interface BuildOptions {
  /** Default: the engine's own platform only. */
  readonly platforms?: readonly string[];
  readonly noCache?: boolean;
  /** The image of the integration tests instead of the app's own. */
  readonly tests?: { readonly stage: string };
  /** Write the cache that `vapp.yaml` names. */
  readonly keepSteps?: boolean;
}

/** Builds the image of an app into the engine's store, under a tag that only people read. */
export function buildApp(job: Job, app: App, cluster: string, options: BuildOptions = {}): Promise<BuiltImage> {
  return job.steps.run('build', app.id, async (reporter) => {
    const docker = await job.session.docker();
    const { tests, keepSteps = false } = options;
    const target = tests?.stage ?? app.target;
    const chosen = await chosenBuild(job.session, app, { keepSteps: keepSteps && !tests, signal: job.signal });
    // What came with a bundle is in the engine, where another builder does not look.
    const bundled = chosen.builder ? [] : await bundledCache(docker, job.session.toolbox.env, app.id);
    const image = await locatingBuildErrors(job.session.root, app, (watch) =>
      buildImage(
        {
          dockerfile: app.dockerfile.value,
          context: app.context,
          ...(target === undefined ? {} : { target }),
          buildArgs: app.buildArgs,
          platforms: options.platforms ?? [],
          tags: [tests ? testTag(cluster, app) : localTag(cluster, app)],
          labels: { [IMAGE_LABEL]: cluster },
          ...chosen,
          cacheFrom: [...bundled, ...(chosen.cacheFrom ?? [])],
          ...(options.noCache === undefined ? {} : { noCache: options.noCache }),
        },
        { toolbox: job.session.toolbox, docker, signal: job.signal, onEvent: emitting(job.emit, app, watch) },
      ),
    );
    if (!tests) job.emit({ type: 'image', app: app.id, image });
    const cached = image.steps.filter((step) => step.state === 'cached').length;
    reporter.result(`${formatBytes(image.size)}, ${cached} of ${image.steps.length} steps cached`);
    return image;
  });
}

/** Pushes the image of an app to the workspace's registry and answers what the cluster shall run. */
export function pushApp(
  job: Job,
  app: App,
  tag: string,
  registry: RegistryAddress,
  repository = app.id,
): Promise<PushedImage> {
  return job.steps.run('push', app.id, async (reporter) => {
    const pushed = await push(job, tag, repository, registry);
    reporter.result(shortDigest(pushed.digest));
    return pushed;
  });
}

/** Removes the images built for a cluster from the engine's store. */
export function removeBuiltImages(docker: Docker, cluster: string): Promise<void> {
  return removeImages(docker, `${IMAGE_LABEL}=${cluster}`);
}

/**
 * Removes the images that later builds for the cluster have replaced. They would pile up, one a run; that this cannot be
 * done now is worth a warning only.
 */
export async function removeReplacedImages(job: Job, cluster: string): Promise<void> {
  try {
    await pruneImages(await job.session.docker(), `${IMAGE_LABEL}=${cluster}`);
  } catch (error) {
    // Somebody else is at it already.
    if ((error as { statusCode?: number }).statusCode === 409) return;
    job.emit({ type: 'warning', message: `Replaced images could not be removed: ${messageOf(error)}` });
  }
}

/** Brings an image of a service from the engine, or from where the engine can pull it, into the workspace's registry. */
export async function provideImage(job: Job, image: string, registry: RegistryAddress): Promise<PushedImage> {
  const docker = await job.session.docker();
  await ensureLocalImage(image, { docker, signal: job.signal });
  return push(job, image, pathOf(parseReference(image)), registry);
}

/** `sha256:4f5a…` as people compare it: the first twelve hexadecimal digits. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}

/** Bytes in decimal units, as Docker shows sizes. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit] ?? ''}`;
}

/** The name that people see of an app's image in the engine; nothing resolves it but `vapp deploy`. */
export function localTag(cluster: string, app: App): string {
  return `${cluster}/${app.id}:local`;
}

/** The same of the image of its integration tests. */
export function testTag(cluster: string, app: App): string {
  return `${cluster}/${app.id}:test`;
}

async function push(job: Job, tag: string, repository: string, registry: RegistryAddress): Promise<PushedImage> {
  const docker = await job.session.docker();
  const { digest } = await pushImage(tag, { registry: registry.push, repository }, { docker, signal: job.signal });
  return { repository: `${registry.pull}/${repository}`, digest };
}
