import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../base';
import { IMAGES_FILE, IMAGE_NAME, blobOf, type Bundle } from '../bundle';
import { defaultDataDirectory, dockerFailure, type Docker } from '../tools';

/** The name in the engine of an app's image that came with a bundle, or is on its way into one. */
export function bundledAppImage(app: string): string {
  return `vapp-bundle/${app}:latest`;
}

/**
 * What a build of the app may take for cached, as buildx's `--cache-from` takes it: the steps of the image that came with
 * a bundle, if one did.
 */
export async function bundledCache(docker: Docker, env: NodeJS.ProcessEnv, app: string): Promise<string[]> {
  const name = bundledAppImage(app);
  try {
    await docker.getImage(name).inspect();
    if (!(await hasContainerdStore(docker))) return [name];
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return [];
    throw dockerFailure(error);
  }
  const folder = cacheFolder(env, app);
  return (await exists(join(folder, 'index.json'))) ? [`type=local,${csvField(`src=${folder}`)}`] : [];
}

/**
 * Keeps what describes the steps of the apps' images of a bundle. With containerd's image store BuildKit looks for a cache
 * in registries and folders, and not among the images. Their layers it finds in the store, so that manifest and
 * configuration suffice, in the form of an OCI image layout.
 * https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 *
 * @returns why there is no cache for an app, one sentence each; nothing else but a build's speed depends on it.
 */
export async function keepBuildCaches(bundle: Bundle, env: NodeJS.ProcessEnv): Promise<string[]> {
  const problems: string[] = [];
  for (const { app, name } of bundle.manifest.images) {
    if (app === undefined) continue;
    try {
      await keepBuildCache(bundle, name, cacheFolder(env, app));
    } catch (error) {
      problems.push(`The build cache of ${app} cannot be used here: ${messageOf(error)}`);
    }
  }
  return problems;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

async function keepBuildCache(bundle: Bundle, image: string, folder: string): Promise<void> {
  const index = await read(bundle, 'index.json');
  const { manifests } = JSON.parse(index) as { manifests: readonly Descriptor[] };
  const manifest = manifests.find(({ annotations }) => annotations?.[IMAGE_NAME] === `docker.io/${image}`);
  if (!manifest) throw new Error(`${image} is not in the index of the images`);
  const manifestText = await read(bundle, blobOf(manifest.digest));
  const { config } = JSON.parse(manifestText) as { config?: Descriptor };
  if (!config) throw new Error(`${image} is of several platforms`);
  const { mediaType, digest, size } = manifest;
  const own = { mediaType, digest, size, annotations: { 'org.opencontainers.image.ref.name': CACHE_TAG } };
  const files = {
    'oci-layout': JSON.stringify({ imageLayoutVersion: '1.0.0' }),
    'index.json': JSON.stringify({ schemaVersion: 2, manifests: [own] }),
    [blobOf(manifest.digest)]: manifestText,
    [blobOf(config.digest)]: await read(bundle, blobOf(config.digest)),
  };
  const unfinished = `${folder}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(join(unfinished, 'blobs', 'sha256'), { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(unfinished, name), content);
  await rm(folder, { recursive: true, force: true });
  await rename(unfinished, folder);
}

/** The one that buildx looks for. */
const CACHE_TAG = 'latest';

async function read(bundle: Bundle, name: string): Promise<string> {
  const text = await bundle.readWithin(IMAGES_FILE, name);
  if (text !== undefined) return text;
  throw new Error(`the images have no ${name}`);
}

function cacheFolder(env: NodeJS.ProcessEnv, app: string): string {
  return join(defaultDataDirectory(env), 'build-cache', app);
}

/** The options of `--cache-from` are fields of CSV. */
function csvField(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

async function hasContainerdStore(docker: Docker): Promise<boolean> {
  const { DriverStatus } = (await docker.info()) as { DriverStatus?: readonly (readonly string[])[] };
  return (DriverStatus ?? []).some(([, value]) => value?.startsWith('io.containerd.snapshotter') === true);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
