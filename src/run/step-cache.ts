import { digestOf } from '../base';
import { readImage, type DescribedImage, type ImageConfig } from '../bundle';
import { dockerFailure, type Docker } from '../tools';

/** An image that a build begins with, as the engine has it. */
export interface BaseImage {
  /** By which the engine knows it. */
  readonly digests: readonly string[];
  /** Digests of its layers without compression. */
  readonly layers: readonly string[];
  readonly os: string;
  readonly architecture: string;
  /** Of the architecture; empty for the usual one. */
  readonly variant: string;
}

/** A step, or something that steps begin with, in what BuildKit writes into an image. */
interface CachedStep {
  readonly digest: string;
  /** By their places in the image. */
  readonly layers?: readonly { readonly layer: number }[];
  /** For each thing that the step is carried out on, by which of the list it may be had. */
  readonly inputs?: readonly (readonly StepInput[])[];
}

interface StepInput {
  readonly link: number;
  readonly selector?: string;
}

/** What describes an image of the engine. @throws Failure `docker-*`. */
export async function describedImage(docker: Docker, name: string): Promise<DescribedImage> {
  try {
    return await readImage((await docker.getImage(name).get()) as AsyncIterable<Buffer>);
  } catch (error) {
    throw dockerFailure(error);
  }
}

/** @param name of an image in the engine. @throws Failure `docker-*`. */
export async function baseImage(docker: Docker, name: string): Promise<BaseImage> {
  try {
    const image = (await docker.getImage(name).inspect()) as InspectedImage;
    const { Id, RepoDigests, RootFS, Os, Architecture, Variant = '' } = image;
    const digests = [Id, ...(RepoDigests ?? []).map((digest) => digest.replace(/^.*@/, ''))];
    return { digests, layers: RootFS.Layers ?? [], os: Os, architecture: Architecture, variant: Variant };
  } catch (error) {
    throw dockerFailure(error);
  }
}

interface InspectedImage {
  readonly Id: string;
  readonly RepoDigests?: readonly string[] | null;
  readonly RootFS: { readonly Layers?: readonly string[] };
  readonly Os: string;
  readonly Architecture: string;
  readonly Variant?: string;
}

/**
 * Whether what BuildKit wrote into an image tells the step of each layer that is not one of its base images'.
 *
 * BuildKit tells of each step the newest result that it knows (`getBestResult` in its solver/exporter.go), and leaves out
 * those that are not in the image. So of an image whose last step was cached, and whose others somebody has run again
 * since, most steps are missing, and where it is the only cache they would have to be run again.
 */
export function tellsSteps(config: ImageConfig, bases: readonly Pick<BaseImage, 'layers'>[]): boolean {
  const ofBases = new Set(bases.flatMap(({ layers }) => layers));
  const told = new Set(stepsOf(config).flatMap(({ layers = [] }) => layers.map(({ layer }) => layer)));
  return config.rootfs.diff_ids.every((id, place) => told.has(place) || ofBases.has(id));
}

/**
 * The configuration with which other engines find the first steps, too; undefined when they do as it is.
 *
 * A step is found by the key of what it is carried out on. A base image has two (`CacheKey` in BuildKit's
 * source/containerimage/pull.go): one of its manifest and, where nothing is found by that, one of its layers. BuildKit
 * tells of the one by which it found the image itself. An engine with a store of its own, which Docker had before
 * containerd's, knows no manifests, and the same image from elsewhere may have another.
 */
export function withLayerKeys(config: ImageConfig, bases: readonly BaseImage[]): ImageConfig | undefined {
  const steps = [...stepsOf(config)];
  const before = steps.length;
  for (const base of bases) {
    const ofLayers = rootOf(chainOf(base.layers));
    if (steps.some(({ digest }) => digest === ofLayers)) continue;
    const manifests = new Set(base.digests.map((digest) => rootOf(manifestKey(digest, base))));
    const known = steps.flatMap(({ digest }, place) => (manifests.has(digest) ? [place] : []));
    if (known.length === 0) continue;
    const added = steps.push({ digest: ofLayers }) - 1;
    steps.forEach((step, place) => (steps[place] = alsoFoundBy(step, known, added)));
  }
  if (steps.length === before) return undefined;
  return { ...config, 'moby.buildkit.cache.v0': Buffer.from(JSON.stringify(steps)).toString('base64') };
}

function alsoFoundBy(step: CachedStep, known: readonly number[], added: number): CachedStep {
  if (!step.inputs) return step;
  const inputs = step.inputs.map((ways) => [
    ...ways,
    ...ways.filter(({ link }) => known.includes(link)).map((way) => ({ ...way, link: added })),
  ]);
  return { ...step, inputs };
}

function stepsOf({ 'moby.buildkit.cache.v0': cache }: ImageConfig): readonly CachedStep[] {
  return cache === undefined ? [] : (JSON.parse(Buffer.from(cache, 'base64').toString()) as readonly CachedStep[]);
}

/** `mainManifestKey` in BuildKit's source/containerimage/pull.go. */
function manifestKey(digest: string, { os, architecture, variant }: BaseImage): string {
  const platform = { OS: os, Arch: architecture, ...(variant === '' ? {} : { Variant: variant }) };
  return digestOf(JSON.stringify({ Digest: digest, ...platform }));
}

/** https://github.com/opencontainers/image-spec/blob/main/config.md#layer-chainid */
function chainOf(layers: readonly string[]): string {
  return layers.reduce((chain, layer) => (chain === '' ? layer : digestOf(`${chain} ${layer}`)), '');
}

/** How a source (`CacheMap` in BuildKit's solver/llbsolver/ops/source.go) begins a list of steps (`rootKey` in its solver). */
function rootOf(key: string): string {
  return digestOf(`${digestOf(`buildkit.source.v0:${key}`)}@0`);
}
