import { isCancelled, messageOf } from '../../src/base';
import { cacheKey } from './cache';
import {
  ensureArchive,
  ensureIndexArchive,
  imageRecipe,
  indexRecipe,
  loadArchive,
  type BuildSteps,
} from './images/build';
import { IMAGES, PLATFORMS_LABEL, RECIPE_LABEL, referenceOf, STAND_IN_LABEL, type ImageSpec } from './images/catalog';
import type { Processor } from './platform';
import { together } from './together';
import type { CacheEntry, Part, PartStatus, Recipe, StackContext } from './types';

/**
 * Puts images, by default all that setup brings, into the engine, under their official names: what is there and current stays; what can
 * be pulled is pulled; for the others stand-ins are loaded from the cache, or built.
 *
 * @throws Failure with the image that could not be had, naming the log of its build.
 */
export async function ensureImages(context: StackContext, images = IMAGES): Promise<void> {
  await ensureAll(context, images, {
    label: RECIPE_LABEL,
    recipe: (image) => imageRecipe(image),
    archive: ensureArchive,
  });
}

/**
 * As {@link ensureImages}, for several platforms under each name. Of an official image nothing more is fetched: a build
 * pulls the platforms that it needs by itself.
 */
export async function ensureIndexes(
  context: StackContext,
  images: readonly ImageSpec[],
  processors: readonly Processor[],
): Promise<void> {
  await ensureAll(context, images, {
    label: PLATFORMS_LABEL,
    recipe: (image) => indexRecipe(image, processors),
    archive: (inner, image, steps) => ensureIndexArchive(inner, image, processors, steps),
  });
}

/** What stands in for official images: for this machine's platform, or for several. */
interface StandIns {
  /** Carries the recipe's key. */
  readonly label: string;
  recipe(image: ImageSpec): Promise<Recipe>;
  archive(context: StackContext, image: ImageSpec, steps: BuildSteps): Promise<CacheEntry>;
}

async function ensureAll(context: StackContext, images: readonly ImageSpec[], standIns: StandIns): Promise<void> {
  const loads = new Map<ImageSpec, Promise<void>>();
  const ensureLoaded = (inner: StackContext, image: ImageSpec): Promise<void> => {
    let load = loads.get(image);
    if (!load) {
      const bases = (base: ImageSpec) => ensureLoaded(inner, base);
      load = inner.progress.part(image.title, (report) => ensureImage(inner, image, standIns, bases, report));
      loads.set(image, load);
    }
    return load;
  };
  await together(
    context.signal,
    images.map((image) => (signal: AbortSignal) => ensureLoaded({ ...context, signal }, image)),
  );
  await removeReplaced(context);
}

/** The images' rows in the check table. */
export const imageParts: Part[] = IMAGES.map((image) => ({
  name: image.title,
  version: image.tag,
  status: (context) => imageStatus(context, image),
}));

async function ensureImage(
  context: StackContext,
  image: ImageSpec,
  standIns: StandIns,
  ensureLoaded: (image: ImageSpec) => Promise<void>,
  report: (detail: string) => void,
): Promise<void> {
  const reference = referenceOf(image);
  const held = await labelsOf(context, image);
  const isOfficial = held
    ? !isStandIn(held)
    : image.host !== undefined && context.reachable(image.host) && (await pull(context, reference, report));
  if (isOfficial) {
    report(`${reference}, official`);
    return;
  }
  const key = cacheKey(await standIns.recipe(image));
  if (held?.[standIns.label] !== key) {
    const entry = await standIns.archive(context, image, { ensureLoaded, report });
    // What was just built is in the engine already.
    if ((await labelsOf(context, image))?.[standIns.label] !== key) {
      // Layers of the bases are then there already, and loads do not get in each other's way about them.
      await Promise.all(image.bases.map(ensureLoaded));
      report('loading');
      await loadArchive(context, entry);
    }
  }
  report(`${reference}, stand-in`);
}

/** Whether the official image could be pulled; why not is said on screen. */
async function pull(context: StackContext, reference: string, report: (detail: string) => void): Promise<boolean> {
  report('pulling');
  try {
    await context.toolbox.run('docker', ['pull', '--quiet', reference], { signal: context.signal });
    return true;
  } catch (error) {
    if (isCancelled(error, context.signal)) throw error;
    context.progress.note(`${reference} cannot be pulled, its stand-in is used: ${messageOf(error)}`);
    return false;
  }
}

async function imageStatus(context: StackContext, image: ImageSpec): Promise<PartStatus> {
  const reference = referenceOf(image);
  const held = await labelsOf(context, image).catch(() => undefined);
  if (held) {
    const standIn = held[STAND_IN_LABEL];
    const source = standIn === undefined ? 'official image' : `stand-in${standIn.slice(reference.length)}`;
    return { state: 'ready', source, detail: reference };
  }
  if (image.host !== undefined && context.reachable(image.host)) {
    return { state: 'missing', source: 'official image', detail: reference };
  }
  const entry = await imageRecipe(image).then(
    (recipe) => context.cache.find(recipe),
    () => undefined,
  );
  return {
    state: 'missing',
    source: `stand-in, made from ${image.madeFrom}${entry ? ', in the cache' : ''}`,
    detail: reference,
  };
}

type Labels = Readonly<Record<string, string>>;

function isStandIn(labels: Labels): boolean {
  return labels[STAND_IN_LABEL] !== undefined;
}

/** The labels of an image of the engine; undefined when it has no such image. */
async function labelsOf(context: StackContext, image: ImageSpec): Promise<Labels | undefined> {
  const { exitCode, stdout } = await context.toolbox.run(
    'docker',
    ['image', 'inspect', '--format', '{{json .Config.Labels}}', referenceOf(image)],
    { signal: context.signal, acceptExitCodes: [1] },
  );
  return exitCode === 0 ? ((JSON.parse(stdout) as Labels | null) ?? {}) : undefined;
}

/** Stand-ins that lost their name to a newer one. They only take room, so a run does not fail for them. */
async function removeReplaced(context: StackContext): Promise<void> {
  try {
    await context.toolbox.run('docker', ['image', 'prune', '--force', '--filter', `label=${STAND_IN_LABEL}`], {
      signal: context.signal,
    });
  } catch (error) {
    // The engine refuses it while somebody else prunes.
    if (isCancelled(error, context.signal)) throw error;
    context.progress.note(`Stand-ins that were replaced stay in the engine: ${messageOf(error)}`);
  }
}
