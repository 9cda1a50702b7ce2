import { createHash } from 'node:crypto';
import { get } from 'node:http';
import { Cancelled, Failure, isCancelled, messageOf } from '../base';
import { ToolFailure, type Toolbox } from '../tools';
import { onLoopback } from './loopback';
import { imageFor, platformMissing, platformName, readManifest, refuseForeign, type PlatformParts } from './manifest';
import { normalizePlatform } from './platforms';
import { runBuildx } from './plugin';
import { parseReference, pathOf } from './reference';
import { sourceFailure, targetDetails } from './registry-failures';
import type { PushedImage } from './types';

export interface CopyContext {
  readonly toolbox: Toolbox;
  readonly signal?: AbortSignal | undefined;
}

/** An image in a registry, found by what the user called it. */
export interface FoundImage {
  /** As the user wrote it. */
  readonly reference: string;
  /** Registry and path without version. */
  readonly name: string;
  /** Path in its registry. */
  readonly path: string;
  /** Of what stands under the reference: an index, where it is one. */
  readonly digest: string;
  /** What is to run: the same, or the image of the platform asked for. */
  readonly wanted: string;
  /** The platform asked for. */
  readonly platform?: string;
}

export interface FindRequest {
  readonly reference: string;
  /** Of an index, the image of this platform is wanted; default: the index as a whole. */
  readonly platform?: string;
  /** That of the nodes, e.g. `linux/amd64`: an index that has nothing for it is refused where none is asked for. */
  readonly nodePlatform: string;
  /** Longest wait for the registry, milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Asks a registry, with the user's docker credentials, what it has under a name.
 *
 * @throws Cancelled; Failure `image-reference-invalid`, `platform-invalid`, `image-platform-missing`, `image-not-found`
 *   (usage), and of the environment: `image-access-denied`, `registry-unreachable`, `image-unavailable`, `tool-missing`.
 */
export async function findImage(request: FindRequest, context: CopyContext): Promise<FoundImage> {
  const { reference, nodePlatform, timeoutMs } = request;
  const parsed = parseReference(reference);
  const platform = request.platform === undefined ? undefined : normalizePlatform(request.platform);
  const inspect = (...args: string[]) => askRegistry(reference, ['inspect', reference, ...args], timeoutMs, context);
  const { digest, images } = readManifest(await inspect('--raw'));
  const found = { reference, name: parsed.name, path: pathOf(parsed), digest, wanted: digest };
  if (images === undefined) {
    if (platform === undefined) return found;
    const own = platformName(JSON.parse(await inspect('--format', '{{json .Image}}')) as PlatformParts);
    if (own !== platform) throw platformMissing(reference, platform, [{ platform: own }]);
    return { ...found, platform };
  }
  if (platform !== undefined) return { ...found, wanted: imageFor(reference, images, platform).digest, platform };
  refuseForeign(reference, images, nodePlatform);
  return found;
}

async function askRegistry(
  reference: string,
  args: readonly string[],
  timeoutMs: number,
  { toolbox, signal }: CopyContext,
): Promise<string> {
  try {
    return (await runBuildx(toolbox, ['imagetools', ...args], { signal, timeoutMs })).stdout;
  } catch (error) {
    if (!(error instanceof ToolFailure) || error.code === 'tool-missing') throw error;
    if (isBuildxMissing(error)) throw buildxMissing(error);
    const timedOut = error.code === 'tool-timeout' ? 'i/o timeout' : '';
    throw sourceFailure(reference, error.stderr || error.stdout || timedOut, error);
  }
}

/**
 * Copies what is wanted of an image, unchanged and whole, from its registry into that of the workspace, and looks there
 * whether it has the same digest.
 *
 * @param registry host and port by which this process reaches the registry.
 * @throws Cancelled; Failure `image-copy-failed`, `image-copy-differs`, those of {@link findImage}, and of the target.
 */
export function copyImage(image: FoundImage, registry: string, context: CopyContext): Promise<PushedImage> {
  const { toolbox, signal } = context;
  return onLoopback(registry, async (address) => {
    const repository = `${address}/${image.path}`;
    // An old buildx puts a single image into an index of its own, but what it holds is there by its own digest, too.
    const args = [
      'create',
      '--progress',
      'plain',
      '--tag',
      `${repository}:${COPY_TAG}`,
      `${image.name}@${image.wanted}`,
    ];
    try {
      await runBuildx(toolbox, ['imagetools', ...args], { signal, maxCapture: 64 * 1024 });
    } catch (error) {
      if (!(error instanceof ToolFailure) || error.code === 'tool-missing') throw error;
      throw copyFailure(image, repository, error);
    }
    await verify(image, address, signal);
    return { repository, digest: image.wanted };
  });
}

/** The tag in the workspace's registry is for people: what runs is named by digest. */
const COPY_TAG = 'copied';

function copyFailure(image: FoundImage, repository: string, error: ToolFailure): Failure {
  const message = error.stderr || error.stdout;
  const host = repository.split('/', 1)[0] ?? '';
  if (!message.includes(host)) return sourceFailure(image.reference, message, error);
  return new Failure({ ...targetDetails(repository, message), evidence: error.evidence, cause: error });
}

async function verify({ reference, path, wanted }: FoundImage, address: string, signal?: AbortSignal): Promise<void> {
  let there: string | undefined;
  try {
    there = await digestAt(`http://${address}/v2/${path}/manifests/${wanted}`, signal);
  } catch (error) {
    if (isCancelled(error, signal)) throw new Cancelled();
    throw new Failure({
      code: 'image-copy-failed',
      fault: 'environment',
      summary: `The workspace's registry could not be asked for ${reference}: ${messageOf(error)}`,
      nextSteps: ['Check that the runtime runs: `vapp status`.'],
      cause: error,
    });
  }
  if (there === wanted) return;
  throw new Failure({
    code: 'image-copy-differs',
    fault: 'environment',
    summary: `The copy of ${reference} in the workspace's registry is not what its source is.`,
    evidence: [`source: ${wanted}`, `copy: ${there ?? 'not there'}`],
    nextSteps: ['Run it again; if it happens again, report it.'],
  });
}

const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** Digest of the bytes that a registry has under an address; undefined when it has none. Not by way of any proxy. */
function digestAt(url: string, signal?: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const request = get(
      url,
      { agent: false, headers: { accept: ACCEPT }, ...(signal ? { signal } : {}) },
      (response) => {
        const hash = createHash('sha256');
        response.on('data', (chunk: Buffer) => hash.update(chunk));
        response.on('error', reject);
        response.on('end', () => resolve(response.statusCode === 200 ? `sha256:${hash.digest('hex')}` : undefined));
      },
    );
    request.on('error', reject);
  });
}

function isBuildxMissing({ stderr }: ToolFailure): boolean {
  return /'buildx' is not a docker command|unknown command "?buildx|unknown command "?imagetools/.test(stderr);
}

/** Without buildx nothing can be moved between registries as it is. */
export function buildxMissing(cause?: unknown): Failure {
  return new Failure({
    code: 'buildx-missing',
    fault: 'environment',
    summary: 'The buildx plugin of docker is missing.',
    nextSteps: ['Install buildx 0.13 or later: https://docs.docker.com/build/install-buildx/.'],
    cause,
  });
}
