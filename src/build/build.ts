import { Failure, orCancelled, startOfFile, throwIfCancelled } from '../base';
import { dockerFailure } from '../tools';
import { secretValues } from './arguments';
import { buildWithBuildx } from './buildx';
import { buildClassic } from './classic';
import { buildxMissing } from './copy';
import { LOST_CACHE } from './engine-explanations';
import { normalizePlatform, normalizePlatforms } from './platforms';
import type { BuildContext, BuildRequest, BuiltImage } from './types';

/**
 * Builds an image into the engine's store: with BuildKit, or without buildx with the classic builder, after a warning
 * event that says what is lost. The same content gives the same digest, as long as the build cache knows it.
 *
 * @throws Cancelled when the signal fires; nothing runs any more then, and no tag has moved.
 * @throws Failure of the app: `build-failed`, `dockerfile-invalid`, `dockerfile-missing`, `target-missing`,
 *   `copy-source-missing`, `context-missing`, `context-unreadable`, `build-arg-invalid`, `build-arg-missing`,
 *   `build-secret-missing`, `base-image-unknown`, `base-image-platform`; of usage: `platform-invalid`; of the
 *   environment: `docker-not-running`, `docker-lost`, `no-space`, `network`, `base-image-unavailable`,
 *   `base-image-denied`, `build-out-of-memory` (of the app where Node.js limits itself), `build-cache-lost`,
 *   `platform-unsupported`, `tool-missing`; with a builder that was chosen: `builder-missing`, `builder-unreachable`,
 *   `builder-lost`, `buildx-missing`.
 */
export async function buildImage(request: BuildRequest, context: BuildContext): Promise<BuiltImage> {
  throwIfCancelled(context.signal);
  const started = performance.now();
  const normalized = { ...request, platforms: normalizePlatforms(request.platforms) };
  const tag = firstTag(request);
  context.toolbox.redactor.add(...secretValues(request.buildArgs));

  const outcome = await tryingTwice(context, () => buildWithBuildx(normalized, context));
  const withBuildx = !('reason' in outcome);
  if (!withBuildx) {
    if (request.builder) throw buildxMissing(outcome.reason);
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

/**
 * Builds once more when the engine has lost what it had cached, with a warning event; whatever happens then is the result.
 *
 * @throws what the build throws.
 */
export async function tryingTwice<T>({ onEvent }: Pick<BuildContext, 'onEvent'>, build: () => Promise<T>): Promise<T> {
  try {
    return await build();
  } catch (error) {
    if (!(error instanceof Failure && error.code === LOST_CACHE)) throw error;
    onEvent?.({ type: 'warning', message: `${error.summary} It is built once more.` });
    return build();
  }
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
