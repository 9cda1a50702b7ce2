import { Failure } from '../base';
import {
  copyImage,
  findImage,
  localPlatform,
  normalizePlatform,
  parseReference,
  platformName,
  type FoundImage,
  type PushedImage,
} from '../build';
import type { App } from '../project';
import type { RegistryAddress } from '../runtime';
import { dockerFailure } from '../tools';
import { provideImage, shortDigest, type Job } from './images';

/** Where an image comes from that was not built here. */
export interface ImageSource {
  /** As it was named. */
  readonly reference: string;
  /** Of what its registry has under that name: of the index, where it is one. Absent: it was taken from the engine. */
  readonly digest?: string;
  /** The platform that was asked for. */
  readonly platform?: string;
}

/** An image in the workspace's registry, and where it was before, if anywhere. */
export interface GivenImage extends PushedImage {
  readonly source?: ImageSource;
}

/** How long a registry may take to tell what it has, milliseconds; less where the engine has the image anyway. */
const PATIENCE_MS = 120_000;
const SHORT_PATIENCE_MS = 20_000;

/**
 * Brings an image that somebody names into the workspace's registry as it is, byte by byte, so that its digest stays
 * the same. An image that no registry hands out is taken from the engine's store, if it is there.
 *
 * @throws Failure as `findImage` and `copyImage` say.
 */
export function provideGivenImage(
  job: Job,
  app: App,
  { image, platform }: { readonly image: string; readonly platform: string | undefined },
  registry: Promise<RegistryAddress>,
): Promise<GivenImage> {
  return job.steps.run('push', app.id, async (reporter) => {
    reporter.progress(`looking for ${image}`);
    const found = await findInRegistry(job, app, image, platform);
    const { push, direct = push, pull } = await registry;
    if (found === 'in-engine') {
      const pushed = await provideImage(job, image, { push, pull });
      reporter.result(`${image} of the engine as ${shortDigest(pushed.digest)}`);
      return { ...pushed, source: { reference: image, ...(platform === undefined ? {} : { platform }) } };
    }
    reporter.progress(`copying ${image}`);
    const { toolbox } = job.session;
    const { digest } = await copyImage(found, direct, { toolbox, signal: job.signal });
    reporter.result(
      [image, ...(found.platform ? [`for ${found.platform}`] : []), `as ${shortDigest(digest)}`].join(' '),
    );
    return { repository: `${pull}/${found.path}`, digest, source: sourceOf(found) };
  });
}

async function findInRegistry(
  job: Job,
  app: App,
  reference: string,
  platform: string | undefined,
): Promise<FoundImage | 'in-engine'> {
  const { session, signal } = job;
  parseReference(reference);
  const docker = await session.docker();
  const own = await localPlatform(reference, { docker, signal });
  try {
    return await findImage(
      {
        reference,
        ...(platform === undefined ? {} : { platform }),
        nodePlatform: await nodePlatform(job),
        timeoutMs: own === undefined ? PATIENCE_MS : SHORT_PATIENCE_MS,
      },
      { toolbox: session.toolbox, signal },
    );
  } catch (error) {
    const fits = own !== undefined && (platform === undefined || normalizePlatform(platform) === own);
    if (!(error instanceof Failure) || !fits || (error.fault === 'usage' && error.code !== 'image-not-found'))
      throw error;
    const message = `${reference} is taken as the Docker engine has it: ${error.summary}`;
    job.emit({ type: 'warning', app: app.id, message });
    return 'in-engine';
  }
}

/** The platform of the engine, and so of the nodes. */
async function nodePlatform({ session }: Job): Promise<string> {
  try {
    const { Os, Arch } = await (await session.docker()).version();
    return platformName({ os: Os, architecture: Arch });
  } catch (error) {
    throw dockerFailure(error);
  }
}

function sourceOf({ reference, digest, platform }: FoundImage): ImageSource {
  return { reference, digest, ...(platform === undefined ? {} : { platform }) };
}
