import { isCancelled, messageOf } from '../base';
import { baseImages, ensureLocalImage, withTag } from '../build';
import type { App } from '../project';
import type { Docker } from '../tools';
import { buildApp, type Job } from './images';

/**
 * Makes the first run of the apps quick: brings the images that their Dockerfiles build upon into the engine, and
 * builds the apps. Nobody waits for it, so what fails is only told.
 */
export async function warmApps(job: Job): Promise<void> {
  const { session } = job;
  const repository = await session.readValid();
  const { cluster } = await session.runtime(repository);
  for (const app of repository.apps) {
    await attempt(job, `The images that ${app.id} builds upon could not be fetched`, () => fetchBaseImages(job, app));
    await attempt(job, `${app.id} could not be built`, () => buildApp(job, app, cluster));
  }
}

async function fetchBaseImages({ session, signal }: Job, { dockerfile, target, buildArgs }: App): Promise<void> {
  const docker = await session.docker();
  const images = await baseImages({
    dockerfile: dockerfile.value,
    buildArgs,
    platform: await platformOf(docker),
    ...(target === undefined ? {} : { target }),
  });
  for (const image of images) await ensureLocalImage(withTag(image), { docker, signal });
}

async function platformOf(docker: Docker): Promise<{ os: string; architecture: string }> {
  const { Os, Arch } = await docker.version();
  return { os: Os, architecture: Arch };
}

async function attempt(job: Job, otherwise: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (isCancelled(error, job.signal)) throw error;
    job.emit({ type: 'warning', message: `${otherwise}: ${messageOf(error)}` });
  }
}
