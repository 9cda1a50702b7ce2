import { Cancelled, isCancelled, orCancelled, throwIfCancelled } from '../base';
import { dockerFailure, type Docker } from '../tools';
import { pullFailure } from './image-failures';
import { platformName } from './manifest';
import { abortOptions, followTransfer } from './transfer';
import type { ImageContext } from './types';

/**
 * Sees to it that an image is in the engine's store: it is there, or it is pulled.
 *
 * @throws Cancelled when the signal fires.
 * @throws Failure `image-unavailable`, `docker-not-running`, `docker-lost`, `no-space`.
 */
export async function ensureLocalImage(image: string, context: ImageContext): Promise<void> {
  const { docker, signal, onEvent } = context;
  try {
    throwIfCancelled(signal);
    if (await isLocal(docker, image, signal)) return;
    const stream = await docker.pull(withTag(image), abortOptions(signal));
    await followTransfer(docker, stream, image, onEvent);
    // A stream cut by the signal ends like a complete one.
    throwIfCancelled(signal);
  } catch (error) {
    if (isCancelled(error, signal) || signal?.aborted) throw new Cancelled();
    throw pullFailure(image, error);
  }
}

/**
 * Removes images that lost their tag to a newer build and carry a label, `name=value`. Those in use stay.
 *
 * @returns bytes given back, as the engine reports them.
 */
export async function pruneImages(docker: Docker, label: string): Promise<number> {
  const filters = JSON.stringify({ dangling: ['true'], label: [label] });
  const { SpaceReclaimed } = await docker.pruneImages({ filters });
  return SpaceReclaimed;
}

/** Removes the images that carry a label, `name=value`, tags and all. Layers stay in the build cache. */
export async function removeImages(docker: Docker, label: string): Promise<void> {
  try {
    const images = await docker.listImages({ filters: { label: [label] } });
    await Promise.all(images.map(({ Id }) => removeImage(docker, Id)));
  } catch (error) {
    throw dockerFailure(error);
  }
}

async function removeImage(docker: Docker, id: string): Promise<void> {
  try {
    await docker.getImage(id).remove({ force: true });
  } catch (error) {
    // Gone meanwhile, which is what was wanted.
    if ((error as { statusCode?: number }).statusCode !== 404) throw error;
  }
}

/** The platform of an image in the engine's store; undefined when it is not there. @throws Failure `docker-*`. */
export async function localPlatform(image: string, { docker, signal }: ImageContext): Promise<string | undefined> {
  try {
    const found = await inspected(docker, image, signal);
    return found && platformName({ os: found.Os, architecture: found.Architecture, variant: found.Variant ?? '' });
  } catch (error) {
    throw isCancelled(error, signal) ? error : dockerFailure(error);
  }
}

async function isLocal(docker: Docker, image: string, signal: AbortSignal | undefined): Promise<boolean> {
  return (await inspected(docker, image, signal)) !== undefined;
}

interface PlatformOfImage {
  readonly Os: string;
  readonly Architecture: string;
  readonly Variant?: string;
}

async function inspected(
  docker: Docker,
  image: string,
  signal: AbortSignal | undefined,
): Promise<PlatformOfImage | undefined> {
  try {
    return await orCancelled(docker.getImage(image).inspect() as Promise<PlatformOfImage>, signal);
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}

/** Without a tag the engine would pull all of them. */
export function withTag(image: string): string {
  return /[@:][^/]*$/.test(image) ? image : `${image}:latest`;
}
