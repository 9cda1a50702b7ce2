import { Failure, digestOf } from '../base';
import { normalizePlatform } from './platforms';

/** What a registry holds under a name: an image, or an index of images for several platforms. */
export interface RegistryManifest {
  /** `sha256:…` of its bytes. */
  readonly digest: string;
  /** Its images; absent when it is an image itself. Attestations are left out. */
  readonly images?: readonly PlatformImage[];
}

/** One image of an index. */
export interface PlatformImage {
  readonly digest: string;
  /** E.g. `linux/arm64`. */
  readonly platform: string;
}

interface Descriptor {
  readonly digest: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: PlatformParts;
}

/** A platform as OCI documents write it. */
export interface PlatformParts {
  readonly os?: string;
  readonly architecture?: string;
  readonly variant?: string;
}

/** Reads a manifest or index byte by byte as a registry keeps it. @throws SyntaxError when it is none. */
export function readManifest(raw: string): RegistryManifest {
  const { manifests } = JSON.parse(raw) as { manifests?: readonly Descriptor[] };
  const digest = digestOf(raw);
  if (manifests === undefined) return { digest };
  const images = manifests.filter((descriptor) => !isAttestation(descriptor));
  return { digest, images: images.map((image) => ({ digest: image.digest, platform: platformName(image.platform) })) };
}

/** `os/architecture[/variant]` in the form of {@link normalizePlatform}, or as written where nobody knows it. */
export function platformName({ os = 'linux', architecture = '', variant }: PlatformParts = {}): string {
  const written = [os, architecture, ...(variant ? [variant] : [])].join('/');
  try {
    return normalizePlatform(written);
  } catch {
    return written;
  }
}

/**
 * The image of an index for a platform.
 *
 * @param platform in the form of {@link normalizePlatform}.
 * @throws Failure `image-platform-missing`.
 */
export function imageFor(reference: string, images: readonly PlatformImage[], platform: string): PlatformImage {
  const image = images.find((candidate) => candidate.platform === platform);
  if (image) return image;
  throw platformMissing(reference, platform, images);
}

/**
 * Refuses an index that has nothing for the cluster's nodes, which would only find it out when they pull it.
 *
 * @param platform of the engine, and so of the nodes.
 * @throws Failure `image-platform-missing`.
 */
export function refuseForeign(reference: string, images: readonly PlatformImage[], platform: string): void {
  const [, architecture = ''] = platform.split('/');
  const fits = [architecture, ...(ALSO_RUN[architecture] ?? [])];
  if (images.some((image) => fits.includes(image.platform.split('/')[1] ?? ''))) return;
  throw platformMissing(reference, platform, images, [
    `Name one of them to run it emulated: \`--platform ${images[0]?.platform ?? 'linux/amd64'}\`.`,
  ]);
}

/** What containerd runs without emulation besides a node's own architecture. */
const ALSO_RUN: Readonly<Record<string, readonly string[]>> = { amd64: ['386'], arm64: ['arm'] };

/** An image that is not for the platform asked for. */
export function platformMissing(
  reference: string,
  platform: string,
  images: readonly Pick<PlatformImage, 'platform'>[],
  nextSteps: readonly string[] = [],
): Failure {
  const there = images.map((image) => image.platform).join(', ');
  return new Failure({
    code: 'image-platform-missing',
    fault: 'usage',
    summary: `${reference} has no image for ${platform}, only for ${there || 'no platform at all'}.`,
    nextSteps: [...nextSteps, `Or build it for ${platform}: \`vapp build --push … --platform ${platform}\`.`],
  });
}

function isAttestation({ annotations = {}, platform }: Descriptor): boolean {
  return annotations['vnd.docker.reference.type'] !== undefined || platform?.os === 'unknown';
}
