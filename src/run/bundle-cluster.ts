import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isCancelled, messageOf } from '../base';
import { pushImage } from '../build';
import type { BundleManifest } from '../bundle';
import type { RegistryAddress } from '../runtime';
import { defaultDataDirectory } from '../tools';
import { localImage } from './bundle-collect';
import { fullName } from './bundle-needs';
import type { Job } from './images';

/** Node image → what its nodes pull themselves. */
type ClusterImages = Readonly<Record<string, readonly string[]>>;

const DOCKER_HUB = 'docker.io/';

/** Notes which images of a bundle the nodes will ask for, so that {@link provideClusterImages} knows. */
export async function rememberClusterImages(
  env: NodeJS.ProcessEnv,
  { k3sImage, images }: Pick<BundleManifest, 'k3sImage' | 'images'>,
): Promise<void> {
  const names = images.filter(({ purpose }) => purpose === 'cluster').map(({ name }) => name);
  const file = noteFile(env);
  const text = JSON.stringify({ ...(await readNote(file)), [k3sImage]: names }, undefined, 2);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.new`, `${text}\n`);
  await rename(`${file}.new`, file);
}

/**
 * Puts the images that came with a bundle for the nodes into the workspace's registry, which the nodes ask before Docker
 * Hub. What comes too late is asked for again. That this fails is worth a warning: there may be a network after all.
 */
export async function provideClusterImages(job: Job, registry: RegistryAddress): Promise<void> {
  const docker = await job.session.docker();
  const names = new Set(Object.values(await readNote(noteFile(job.session.toolbox.env))).flat());
  for (const name of names) {
    const full = fullName(name);
    const [, repository, tag] = /^docker\.io\/(.+):([^:/]+)$/.exec(full) ?? [];
    if (repository === undefined || tag === undefined || !(await localImage(docker, name))) continue;
    try {
      await pushImage(name, { registry: registry.push, repository, tag }, { docker, signal: job.signal });
    } catch (error) {
      if (isCancelled(error, job.signal)) throw error;
      job.emit({ type: 'warning', message: `${name} could not be given to the cluster: ${messageOf(error)}` });
    }
  }
}

/** Whether the nodes get an image from the workspace's registry: they ask it in the place of Docker Hub alone. */
export function isServedToNodes(name: string): boolean {
  return fullName(name).startsWith(DOCKER_HUB);
}

function noteFile(env: NodeJS.ProcessEnv): string {
  return join(defaultDataDirectory(env), 'cluster-images.json');
}

async function readNote(file: string): Promise<ClusterImages> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as ClusterImages;
  } catch (error) {
    // No bundle was ever loaded; or the note is broken, and the next load writes it anew.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return {};
    throw error;
  }
}
