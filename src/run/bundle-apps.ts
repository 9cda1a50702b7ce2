import { Readable } from 'node:stream';
import { Failure, isCancelled, messageOf } from '../base';
import { buildImage, type BuiltImage } from '../build';
import { imageArchive, type BundledImage } from '../bundle';
import type { App } from '../project';
import { dockerFailure, type Docker } from '../tools';
import { bundledAppImage } from './bundle-cache';
import { collectImages, engineArchitecture, loadArchive, localImage } from './bundle-collect';
import { baseNeeds, fullName } from './bundle-needs';
import { emitting, locatingBuildErrors } from './explaining-builds';
import { localTag, type Job } from './images';
import type { Session } from './session';
import { baseImage, describedImage, tellsSteps, withLayerKeys, type BaseImage } from './step-cache';

/**
 * Builds apps, lends their images for packing, and takes them away again unless they were there before, as they are where
 * a bundle was loaded.
 */
export async function withBuiltApps<T>(
  job: Job,
  apps: readonly App[],
  docker: Docker,
  work: (images: readonly BundledImage[]) => Promise<T>,
): Promise<T> {
  const made: string[] = [];
  try {
    const images: BundledImage[] = [];
    for (const app of apps) {
      const name = bundledAppImage(app.id);
      if (!(await localImage(docker, name))) made.push(name);
      await build(job, app, docker);
      const local = await localImage(docker, name);
      if (!local) throw new Error(`the engine does not have ${name}, which was just built`);
      images.push({ name, id: local.id, purpose: 'app', app: app.id });
    }
    return await work(images);
  } finally {
    for (const name of made) await removeTag(job, docker, name);
  }
}

/** The app's image, with the cache of all its steps in it. */
function build(job: Job, app: App, docker: Docker): Promise<void> {
  return job.steps.run('build', app.id, async (reporter) => {
    const { builder } = await buildOnce(job, app, docker, false);
    // The classic builder finds steps by the layers themselves.
    if (builder === 'classic') return;
    const onProgress = (message: string) => reporter.progress(message);
    try {
      const needed = await baseNeeds(app, await engineArchitecture(docker));
      const names = (await collectImages(job, needed, onProgress)).map(({ name }) => name);
      const bases = await Promise.all(names.map((name) => baseImage(docker, name)));
      await completeCache(job, app, docker, bases, onProgress);
    } catch (error) {
      if (!(error instanceof Failure) || isCancelled(error, job.signal)) throw error;
      warnOfCache(job, app, error.summary);
    }
  });
}

/** Brings it about that an engine which has nothing but the app's image and its bases finds each of its steps. */
async function completeCache(
  job: Job,
  app: App,
  docker: Docker,
  bases: readonly BaseImage[],
  onProgress: (message: string) => void,
): Promise<void> {
  const name = bundledAppImage(app.id);
  let image = await describedImage(docker, name);
  if (!tellsSteps(image.config, bases)) {
    onProgress('Once more without the cache, which is of several builds');
    await buildOnce(job, app, docker, true);
    image = await describedImage(docker, name);
    if (!tellsSteps(image.config, bases)) warnOfCache(job, app, 'BuildKit does not describe all of its steps');
  }
  const config = withLayerKeys(image.config, bases);
  if (!config) return;
  if (image.manifest) await describeAnew(job, docker, imageArchive(fullName(name), image.manifest, config));
  else warnOfCache(job, app, 'the engine describes the image in a form that cannot be changed');
}

async function describeAnew(job: Job, docker: Docker, archive: Buffer): Promise<void> {
  try {
    await loadArchive(docker, Readable.from([archive]), job.signal);
  } catch (error) {
    throw isCancelled(error, job.signal) ? error : dockerFailure(error);
  }
}

function warnOfCache(job: Job, app: App, reason: string): void {
  const message = `Where the bundle is loaded, a build may have to carry out steps again that need a network: ${reason}`;
  job.emit({ type: 'warning', app: app.id, message });
}

/** Without the label that binds it to a runtime: `vapp delete` there would take it away. */
function buildOnce(job: Job, app: App, docker: Docker, noCache: boolean): Promise<BuiltImage> {
  return locatingBuildErrors(job.session.root, app, (watch) =>
    buildImage(
      {
        dockerfile: app.dockerfile.value,
        context: app.context,
        ...(app.target === undefined ? {} : { target: app.target }),
        buildArgs: app.buildArgs,
        platforms: [],
        tags: [bundledAppImage(app.id)],
        noCache,
        cacheInImage: true,
      },
      { toolbox: job.session.toolbox, docker, signal: job.signal, onEvent: emitting(job.emit, app, watch) },
    ),
  );
}

async function removeTag(job: Job, docker: Docker, name: string): Promise<void> {
  try {
    if (await localImage(docker, name)) await docker.getImage(name).remove();
  } catch (error) {
    job.emit({ type: 'warning', message: `The image ${name} could not be removed: ${messageOf(error)}` });
  }
}

/** Gives the images of apps that came with a bundle to the apps of a workspace that have not been built here yet. */
export async function adoptApps(session: Session, docker: Docker, images: readonly BundledImage[]): Promise<void> {
  const repository = await session.read();
  const { cluster } = await session.runtime(repository);
  for (const app of repository.apps) {
    const image = images.find(({ purpose, app: id }) => purpose === 'app' && id === app.id);
    const tag = localTag(cluster, app);
    if (!image || (await localImage(docker, tag))) continue;
    try {
      await docker.getImage(image.name).tag({ repo: tag.replace(/:[^/:]*$/, ''), tag: tag.replace(/^.*:/, '') });
    } catch (error) {
      throw dockerFailure(error);
    }
  }
}
