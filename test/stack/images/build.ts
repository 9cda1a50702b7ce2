import { copyFile, link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheKey } from '../cache';
import { thisPlatform, type Processor } from '../platform';
import type { CacheEntry, Recipe, StackContext } from '../types';
import { PLATFORMS_LABEL, RECIPE_LABEL, referenceOf, STAND_IN_LABEL, type ImageSpec } from './catalog';
import { downloadRecipe, ensureDownload } from './downloads';
import { ensureProgram, programRecipe } from './go-program';
import { runLogged } from './logged';
import { ensureRootFileSystem, rootFileSystemRecipe, rootFileSystemVariables } from './root-file-system';
import { hashSources, SOURCES } from './sources';

const ARCHIVE = 'image.tar';

/** All that decides a stand-in's content, that of its bases included. */
export async function imageRecipe(image: ImageSpec, platform: Processor = thisPlatform().go): Promise<Recipe> {
  const name = nameOf(image);
  const reference = referenceOf(image);
  if (image.folder === undefined) {
    const root = cacheKey(await rootFileSystemRecipe(suiteOf(image), platform));
    return { name, inputs: { reference, root, variables: await rootFileSystemVariables(), platform } };
  }
  const keys = async (images: readonly ImageSpec[] = []) =>
    Promise.all(images.map(async (other) => cacheKey(await imageRecipe(other, platform))));
  return {
    name,
    inputs: {
      reference,
      platform,
      sources: await hashSources(join(SOURCES, image.folder)),
      bases: await keys(image.bases),
      archives: await keys(image.archives),
      programs: await Promise.all(
        (image.programs ?? []).map(async (program) => cacheKey(await programRecipe(program))),
      ),
      ...(image.downloads && {
        downloads: image.downloads.map((download) => cacheKey(downloadRecipe(download, platform))),
      }),
    },
  };
}

/** All that decides the content of a stand-in for several platforms. */
export async function indexRecipe(image: ImageSpec, processors: readonly Processor[]): Promise<Recipe> {
  const keys = processors.map(async (processor) => [processor, cacheKey(await imageRecipe(image, processor))] as const);
  return { name: `${nameOf(image)}-platforms`, inputs: Object.fromEntries(await Promise.all(keys)) };
}

export interface BuildSteps {
  /** Puts an image of the stack into the engine, for a Dockerfile that builds on it. */
  readonly ensureLoaded: (image: ImageSpec) => Promise<void>;
  readonly report: (detail: string) => void;
}

/** The cache entry with a stand-in's archive; built first when it is missing, which leaves it in the engine as well. */
export async function ensureArchive(context: StackContext, image: ImageSpec, steps: BuildSteps): Promise<CacheEntry> {
  const recipe = await imageRecipe(image);
  return context.cache.ensure(recipe, async (folder) => {
    const labels = {
      [STAND_IN_LABEL]: `${referenceOf(image)}, made from ${image.madeFrom}`,
      [RECIPE_LABEL]: cacheKey(recipe),
    };
    if (image.folder === undefined) await importRoot(context, image, labels, steps);
    else await buildImage(context, image, image.folder, { labels, processors: [thisPlatform().go] }, steps);
    steps.report('saving');
    await save(context, image, join(folder, ARCHIVE));
    return image.madeFrom;
  });
}

/**
 * As {@link ensureArchive}, for several platforms under one name. Programs of foreign ones run while it is made, so they
 * must be emulated already.
 */
export async function ensureIndexArchive(
  context: StackContext,
  image: ImageSpec,
  processors: readonly Processor[],
  steps: BuildSteps,
): Promise<CacheEntry> {
  const recipe = await indexRecipe(image, processors);
  return context.cache.ensure(recipe, async (folder) => {
    const labels = {
      [STAND_IN_LABEL]: `${referenceOf(image)}, made from ${image.madeFrom}`,
      // This machine's platform is what setup would bring, so setup keeps it.
      [RECIPE_LABEL]: cacheKey(await imageRecipe(image)),
      [PLATFORMS_LABEL]: cacheKey(recipe),
    };
    if (image.folder === undefined) await buildFromRoots(context, image, { labels, processors }, steps);
    else await buildImage(context, image, image.folder, { labels, processors }, steps);
    steps.report('saving');
    await save(context, image, join(folder, ARCHIVE));
    return image.madeFrom;
  });
}

/** The archive of {@link ensureArchive}, loaded into the engine under its official name. */
export async function loadArchive(context: StackContext, entry: CacheEntry): Promise<void> {
  await context.toolbox.run('docker', ['load', '--quiet', '--input', join(entry.folder, ARCHIVE)], {
    signal: context.signal,
  });
}

function nameOf(image: ImageSpec): string {
  return `image-${image.folder ?? image.repository}`;
}

function suiteOf({ title, suite }: ImageSpec): string {
  if (suite === undefined) throw new Error(`${title} has neither a Dockerfile nor a suite`);
  return suite;
}

async function importRoot(
  context: StackContext,
  image: ImageSpec,
  labels: Labels,
  { report }: BuildSteps,
): Promise<void> {
  const root = await ensureRootFileSystem(context, suiteOf(image), report);
  report('importing');
  const variables = Object.entries(await rootFileSystemVariables());
  const changes = [
    ...Object.entries(labels).map(([name, value]) => `LABEL "${name}"="${value}"`),
    ...variables.map(([name, value]) => `ENV ${name}=${value}`),
    'CMD ["bash"]',
  ];
  const options = changes.flatMap((change) => ['--change', change]);
  await context.toolbox.run('docker', ['import', ...options, root, referenceOf(image)], { signal: context.signal });
}

/** `docker import` knows one platform only. */
async function buildFromRoots(
  context: StackContext,
  image: ImageSpec,
  target: BuildTarget,
  { report }: BuildSteps,
): Promise<void> {
  const variables = Object.entries(await rootFileSystemVariables());
  const dockerfile = [
    'FROM scratch',
    'ARG TARGETARCH',
    'ADD root-${TARGETARCH}.tar /',
    ...variables.map(([name, value]) => `ENV ${name}=${value}`),
    'CMD ["bash"]',
  ];
  await context.cache.withTemporaryFolder(async (work) => {
    for (const processor of target.processors) {
      const root = await ensureRootFileSystem(context, suiteOf(image), report, processor);
      await linkOrCopy(root, join(work, `root-${processor}.tar`));
    }
    await writeFile(join(work, 'Dockerfile'), `${dockerfile.join('\n')}\n`);
    report('building');
    await buildx(context, image, target, work, []);
  });
}

type Labels = Readonly<Record<string, string>>;

interface BuildTarget {
  readonly labels: Labels;
  readonly processors: readonly Processor[];
}

async function buildImage(
  context: StackContext,
  image: ImageSpec,
  folder: string,
  target: BuildTarget,
  steps: BuildSteps,
): Promise<void> {
  // What goes into an image is made beside its programs, which take longer: theirs is the progress worth showing.
  const inside = { ...steps, report: () => undefined };
  const [programs, archives] = await Promise.all([
    Promise.all((image.programs ?? []).map((program) => ensureProgram(context, program, steps.report))),
    Promise.all(
      (image.archives ?? []).map(async (other) => ({ other, entry: await ensureArchive(context, other, inside) })),
    ),
    Promise.all(image.bases.map((base) => steps.ensureLoaded(base))),
  ]);
  await context.cache.withTemporaryFolder(async (work) => {
    const binaries = join(work, 'binaries');
    await mkdir(binaries);
    for (const [index, { name }] of (image.programs ?? []).entries()) {
      await linkOrCopy(join(programs[index] ?? '', name), join(binaries, name));
    }
    const archivesFolder = join(work, 'archives');
    await mkdir(archivesFolder);
    for (const { other, entry } of archives) {
      await linkOrCopy(join(entry.folder, ARCHIVE), join(archivesFolder, `${other.folder ?? other.repository}.tar`));
    }
    const downloads = join(work, 'downloads');
    for (const download of image.downloads ?? []) {
      for (const processor of target.processors) {
        const files = await ensureDownload(context, download, processor, steps.report);
        await mkdir(join(downloads, download.name), { recursive: true });
        // Hard links: a copy would take as long as the build.
        const args = ['-r', '--link', files, join(downloads, download.name, processor)];
        await runLogged(context, nameOf(image), { program: 'cp', args, env: context.env });
      }
    }
    steps.report('building');
    await buildx(context, image, target, join(SOURCES, folder), [
      ...(programs.length > 0 ? [`binaries=${binaries}`] : []),
      ...(archives.length > 0 ? [`archives=${archivesFolder}`] : []),
      ...(image.downloads ? [`downloads=${downloads}`] : []),
    ]);
  });
}

/** @param contexts named ones, as `--build-context` takes them. */
async function buildx(
  context: StackContext,
  image: ImageSpec,
  { labels, processors }: BuildTarget,
  source: string,
  contexts: readonly string[],
): Promise<void> {
  await runLogged(context, nameOf(image), {
    program: await context.toolbox.path('docker'),
    args: [
      'buildx',
      'build',
      '--builder=default',
      '--progress=plain',
      '--provenance=false',
      ...(processors.length > 1 ? [`--platform=${processors.map((processor) => `linux/${processor}`).join(',')}`] : []),
      ...contexts.flatMap((named) => ['--build-context', named]),
      ...Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
      '--output',
      `type=image,name=${referenceOf(image)}${image.compressed === false ? ',compression=uncompressed' : ''}`,
      source,
    ],
    env: context.env,
  });
}

async function save(context: StackContext, image: ImageSpec, archive: string): Promise<void> {
  await context.toolbox.run('docker', ['save', '--output', archive, referenceOf(image)], { signal: context.signal });
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to));
}
