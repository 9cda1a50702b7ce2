import { Failure, orCancelled, startOfFile, throwIfCancelled } from '../base';
import { dockerFailure } from '../tools';
import { secretValues } from './arguments';
import { buildWithBuildx } from './buildx';
import { buildClassic } from './classic';
import { normalizePlatform, normalizePlatforms } from './platforms';
import type { BuildContext, BuildRequest, BuiltImage } from './types';

/**
 * Builds an image into the engine's store: with BuildKit, or without buildx with the classic builder, after a warning
 * event that says what is lost. The same content gives the same digest, as long as the build cache knows it.
 *
 * @throws Cancelled when the signal fires; nothing runs any more then, and no tag has moved.
 * @throws Failure `build-failed`, `dockerfile-invalid`, `dockerfile-missing`, `target-missing`, `copy-source-missing`,
 *   `context-missing`, `context-unreadable`, `build-arg-invalid` (the app), `platform-invalid` (usage),
 *   `base-image-unavailable` (the app, or the environment when its registry cannot be reached), and of the
 *   environment: `docker-not-running`, `docker-lost`, `no-space`, `network`, `platform-unsupported`, `tool-missing`.
 */
export async function buildImage(request: BuildRequest, context: BuildContext): Promise<BuiltImage> {
  throwIfCancelled(context.signal);
  const started = performance.now();
  const normalized = { ...request, platforms: normalizePlatforms(request.platforms) };
  const tag = firstTag(request);
  context.toolbox.redactor.add(...secretValues(request.buildArgs));

  const outcome = await buildWithBuildx(normalized, context);
  const withBuildx = !('reason' in outcome);
  if (!withBuildx) {
    refusePlatforms(normalized, outcome.reason);
    context.onEvent?.({ type: 'warning', message: lossesOfClassic(outcome.reason) });
  }
  const steps = withBuildx ? outcome : await buildClassic(normalized, context);
  const image = await inspect(tag, context);
  return {
    tag,
    imageId: image.Id,
    platforms: normalized.platforms.length > 0 ? normalized.platforms : [ownPlatform(image)],
    size: image.Size,
    steps,
    durationMs: performance.now() - started,
    builder: withBuildx ? 'buildx' : 'classic',
  };
}

function firstTag(request: BuildRequest): string {
  const tag = request.tags[0];
  if (tag === undefined) throw new TypeError('An image needs a tag.');
  return tag;
}

interface InspectedImage {
  readonly Id: string;
  readonly Size: number;
  readonly Os: string;
  readonly Architecture: string;
  readonly Variant?: string;
}

async function inspect(tag: string, { docker, signal }: BuildContext): Promise<InspectedImage> {
  try {
    return await orCancelled(docker.getImage(tag).inspect() as Promise<InspectedImage>, signal);
  } catch (error) {
    throw signal?.aborted ? error : dockerFailure(error);
  }
}

function ownPlatform({ Os, Architecture, Variant }: InspectedImage): string {
  return normalizePlatform([Os, Architecture, ...(Variant ? [Variant] : [])].join('/'));
}

function lossesOfClassic(reason: string): string {
  return (
    `Building with Docker's classic builder, because ${reason}: ` +
    'no parallel steps, no cache mounts, no build secrets, no several platforms.'
  );
}

function refusePlatforms({ platforms, dockerfile }: BuildRequest, reason: string): void {
  if (platforms.length < 2) return;
  throw new Failure({
    code: 'platform-unsupported',
    fault: 'environment',
    summary: `An image of several platforms (${platforms.join(', ')}) needs BuildKit, but ${reason}.`,
    range: startOfFile(dockerfile),
    nextSteps: ['Install buildx 0.13 or later: https://docs.docker.com/build/install-buildx/.'],
  });
}
