import { imageConfig, type ImageConfig } from '../bundle';
import { dockerFailure, type Docker } from '../tools';

/**
 * Whether what BuildKit wrote into an image tells the step of each layer that is not one of its base images'.
 *
 * BuildKit tells of each step the newest result that it knows (`getBestResult` in its solver/exporter.go), and leaves out
 * those that are not in the image. So of an image whose last step was cached, and whose others somebody has run again
 * since, most steps are missing, and where it is the only cache they would have to be run again.
 *
 * @param bases names of images in the engine.
 * @throws Failure `docker-*`.
 */
export async function hasStepCache(docker: Docker, image: string, bases: readonly string[]): Promise<boolean> {
  try {
    const ofBases = await Promise.all(bases.map((base) => layersOf(docker, base)));
    return tellsSteps(
      await imageConfig((await docker.getImage(image).get()) as AsyncIterable<Buffer>),
      new Set(ofBases.flat()),
    );
  } catch (error) {
    throw dockerFailure(error);
  }
}

/** @param ofBases digests of layers without compression. */
export function tellsSteps(config: ImageConfig, ofBases: ReadonlySet<string>): boolean {
  const told = new Set(stepsOf(config).flatMap(({ layers = [] }) => layers.map(({ layer }) => layer)));
  return config.rootfs.diff_ids.every((id, place) => told.has(place) || ofBases.has(id));
}

interface CachedStep {
  /** By their places in the image. */
  readonly layers?: readonly { readonly layer: number }[];
}

function stepsOf({ 'moby.buildkit.cache.v0': cache }: ImageConfig): readonly CachedStep[] {
  return cache === undefined ? [] : (JSON.parse(Buffer.from(cache, 'base64').toString()) as readonly CachedStep[]);
}

async function layersOf(docker: Docker, image: string): Promise<readonly string[]> {
  const { RootFS } = (await docker.getImage(image).inspect()) as {
    readonly RootFS: { readonly Layers?: readonly string[] };
  };
  return RootFS.Layers ?? [];
}
