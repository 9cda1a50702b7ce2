import { copyFile, link, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheKey } from '../cache';
import { thisPlatform } from '../platform';
import type { CacheEntry, Recipe, StackContext } from '../types';
import { RECIPE_LABEL, referenceOf, STAND_IN_LABEL, type ImageSpec } from './catalog';
import { ensureProgram, programRecipe } from './go-program';
import { runLogged } from './logged';
import { ensureRootFileSystem, rootFileSystemRecipe, rootFileSystemVariables } from './root-file-system';
import { hashSources, SOURCES } from './sources';

const ARCHIVE = 'image.tar';

/** All that decides a stand-in's content, that of its bases included. */
export async function imageRecipe(image: ImageSpec): Promise<Recipe> {
  const name = `image-${image.folder ?? image.repository}`;
  const platform = thisPlatform().go;
  const reference = referenceOf(image);
  if (image.folder === undefined) {
    const root = cacheKey(await rootFileSystemRecipe());
    return { name, inputs: { reference, root, variables: await rootFileSystemVariables(), platform } };
  }
  const keys = async (images: readonly ImageSpec[] = []) =>
    Promise.all(images.map(async (other) => cacheKey(await imageRecipe(other))));
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
    },
  };
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
    if (image.folder === undefined) await importRoot(context, image, labels, join(folder, ARCHIVE), steps);
    else await buildImage(context, image, image.folder, labels, join(folder, ARCHIVE), steps);
    return image.madeFrom;
  });
}

/** The archive of {@link ensureArchive}, loaded into the engine under its official name. */
export async function loadArchive(context: StackContext, entry: CacheEntry): Promise<void> {
  await context.toolbox.run('docker', ['load', '--quiet', '--input', join(entry.folder, ARCHIVE)], {
    signal: context.signal,
  });
}

async function importRoot(
  context: StackContext,
  image: ImageSpec,
  labels: Readonly<Record<string, string>>,
  archive: string,
  { report }: BuildSteps,
): Promise<void> {
  const root = await ensureRootFileSystem(context, report);
  report('importing');
  const variables = Object.entries(await rootFileSystemVariables());
  const changes = [
    ...Object.entries(labels).map(([name, value]) => `LABEL "${name}"="${value}"`),
    ...variables.map(([name, value]) => `ENV ${name}=${value}`),
    'CMD ["bash"]',
  ];
  const options = changes.flatMap((change) => ['--change', change]);
  await context.toolbox.run('docker', ['import', ...options, root, referenceOf(image)], { signal: context.signal });
  await save(context, image, archive);
}

async function buildImage(
  context: StackContext,
  image: ImageSpec,
  folder: string,
  labels: Readonly<Record<string, string>>,
  archive: string,
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
  steps.report('building');
  await context.cache.withTemporaryFolder(async (work) => {
    const archivesFolder = join(work, 'archives');
    await mkdir(archivesFolder);
    for (const { other, entry } of archives) {
      await linkOrCopy(join(entry.folder, ARCHIVE), join(archivesFolder, `${other.folder ?? other.repository}.tar`));
    }
    const contexts = [
      ...programs.map((program) => `binaries=${program}`),
      ...(archives.length > 0 ? [`archives=${archivesFolder}`] : []),
    ];
    await runLogged(context, `image-${folder}`, {
      program: await context.toolbox.path('docker'),
      args: [
        'buildx',
        'build',
        '--builder=default',
        '--progress=plain',
        '--provenance=false',
        ...contexts.flatMap((named) => ['--build-context', named]),
        ...Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
        '--output',
        `type=image,name=${referenceOf(image)}${image.compressed === false ? ',compression=uncompressed' : ''}`,
        join(SOURCES, folder),
      ],
      env: context.env,
    });
  });
  steps.report('saving');
  await save(context, image, archive);
}

async function save(context: StackContext, image: ImageSpec, archive: string): Promise<void> {
  await context.toolbox.run('docker', ['save', '--output', archive, referenceOf(image)], { signal: context.signal });
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to));
}
