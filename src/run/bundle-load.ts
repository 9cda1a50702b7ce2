import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Cancelled, Failure, isCancelled, messageOf } from '../base';
import { transferFailure } from '../build';
import {
  Bundle,
  IMAGES_FILE,
  TOOLS_FOLDER,
  checkPlatform,
  modeOf,
  percentOf,
  thisPlatform,
  type BundledImage,
  type BundledTool,
} from '../bundle';
import { Toolbox, pingDocker, toolsDirectory, type Docker } from '../tools';
import { adoptApps } from './bundle-apps';
import { keepBuildCaches } from './bundle-cache';
import { rememberClusterImages } from './bundle-cluster';
import { engineArchitecture, loadArchive, localImage } from './bundle-collect';
import type { Session } from './session';
import { Steps, outcomeOf } from './steps';
import type { Outcome, RunEvent } from './types';

/** Where a bundle is loaded to. */
export interface BundlePlace {
  readonly toolbox: Toolbox;
  readonly docker: () => Promise<Docker>;
  /** The workspace whose apps take the images that were built for them; absent outside of one. */
  readonly session?: Session;
}

export interface LoadedBundle {
  readonly file: string;
  /** False when all of it was there already. */
  readonly loaded: boolean;
  readonly images: readonly BundledImage[];
  readonly tools: readonly BundledTool[];
  /** Where the tools are; they are found there when PATH has none. */
  readonly toolsDirectory: string;
}

/**
 * Checks a bundle as a whole, loads its images into the engine and puts its tools where they are found when PATH has
 * none. Images of the same names are replaced. Until the check is done nothing is changed.
 *
 * The outcome may be the Failure `bundle-missing`, `bundle-invalid` (usage), `bundle-damaged`,
 * `bundle-checksum-mismatch`, `bundle-other-platform`, `bundle-too-new`, `no-space`, `transfer-failed`, `docker-*`.
 */
export function loadBundle(
  place: BundlePlace,
  file: string,
  emit: (event: RunEvent) => void,
  signal?: AbortSignal,
): Promise<Outcome<LoadedBundle>> {
  return work(place, file, emit, signal, false);
}

/**
 * {@link loadBundle}, unless all its images are in the engine and all its tools are found. To know that, only the first
 * lines of the file are read.
 */
export function ensureBundle(
  session: Session,
  file: string,
  emit: (event: RunEvent) => void,
  signal?: AbortSignal,
): Promise<Outcome<LoadedBundle>> {
  return work(placeOf(session), file, emit, signal, true);
}

/** A workspace as the place to load a bundle to. */
export function placeOf(session: Session): BundlePlace {
  return { toolbox: session.toolbox, docker: () => session.docker(), session };
}

function work(
  place: BundlePlace,
  file: string,
  emit: (event: RunEvent) => void,
  signal: AbortSignal | undefined,
  onlyMissing: boolean,
): Promise<Outcome<LoadedBundle>> {
  return outcomeOf(async () => {
    const bundle = await Bundle.open(file);
    try {
      const { manifest } = bundle;
      const { images, tools } = manifest;
      const docker = await place.docker();
      await pingDocker(docker);
      const architecture = await engineArchitecture(docker);
      for (const here of [thisPlatform(), { ...thisPlatform(), architecture }]) checkPlatform(manifest, here, file);
      const complete = onlyMissing && (await isComplete(place, docker, images, tools));
      if (!complete) {
        await new Steps(emit, signal).run('bundle', undefined, async (reporter) => {
          const onProgress = (message: string) => reporter.progress(message);
          await bundle.verify({ signal, onProgress });
          await loadImages(bundle, docker, onProgress, signal);
          await installTools(bundle, place.toolbox.env, signal);
          await rememberClusterImages(place.toolbox.env, manifest);
          const problems = await keepBuildCaches(bundle, place.toolbox.env);
          for (const message of problems) emit({ type: 'warning', message });
          reporter.result(`${images.length} images and ${tools.length} tools`);
        });
      }
      if (place.session) await adoptApps(place.session, docker, images);
      return { file, loaded: !complete, images, tools, toolsDirectory: toolsDirectory(place.toolbox.env) };
    } finally {
      await bundle.close();
    }
  }, signal);
}

async function isComplete(
  { toolbox }: BundlePlace,
  docker: Docker,
  images: readonly BundledImage[],
  tools: readonly BundledTool[],
): Promise<boolean> {
  const local = await Promise.all(images.map(({ name }) => localImage(docker, name)));
  if (local.includes(undefined)) return false;
  for (const { name } of tools) {
    if (name === 'docker-buildx') continue;
    try {
      await toolbox.path(name);
    } catch (error) {
      if (error instanceof Failure && error.code === 'tool-missing') return false;
      throw error;
    }
  }
  return true;
}

async function loadImages(
  bundle: Bundle,
  docker: Docker,
  onProgress: (message: string) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const counted = percentOf('Loading images,', bundle.sizeOf(IMAGES_FILE) ?? 0, onProgress);
  async function* content() {
    for await (const chunk of bundle.read(IMAGES_FILE)) {
      counted(chunk.byteLength);
      yield chunk;
    }
  }
  try {
    await loadArchive(docker, Readable.from(content(), { objectMode: false }), signal);
  } catch (error) {
    if (isCancelled(error, signal) || signal?.aborted) throw new Cancelled();
    throw transferFailure(error, 'Docker did not take the images of the bundle');
  }
  for (const { name } of bundle.manifest.images) {
    if (await localImage(docker, name)) continue;
    throw transferFailure(new Error(`${name} is not there`), 'Docker did not take all images of the bundle');
  }
}

/** Each tool is whole or not there: somebody may be running the one that it replaces. */
async function installTools(bundle: Bundle, env: NodeJS.ProcessEnv, signal: AbortSignal | undefined): Promise<void> {
  const folder = toolsDirectory(env);
  try {
    await mkdir(folder, { recursive: true });
    for (const { name } of bundle.manifest.tools) {
      const unfinished = join(folder, `.${name}.part`);
      try {
        const target = createWriteStream(unfinished, { mode: modeOf(true) });
        await pipeline(bundle.read(`${TOOLS_FOLDER}/${name}`), target, signal ? { signal } : {});
        await rename(unfinished, join(folder, name));
      } finally {
        await rm(unfinished, { force: true });
      }
    }
  } catch (error) {
    if (isCancelled(error, signal) || error instanceof Failure) throw error;
    const full = (error as NodeJS.ErrnoException).code === 'ENOSPC';
    throw new Failure({
      code: full ? 'no-space' : 'tools-not-installed',
      fault: 'environment',
      summary: `The tools of the bundle could not be put into ${folder}${full ? ', since its disk is full' : ''}.`,
      evidence: [messageOf(error)],
      nextSteps: ['Set XDG_DATA_HOME to a folder that you may write to and that has room.'],
      cause: error,
    });
  }
}
