import { Failure } from '../base';

/** What this version writes, and the newest that it reads. It grows when an older `vapp` could not use the result. */
export const FORMAT = 1;

/** What an image is needed for. */
export type ImagePurpose =
  /** The Kubernetes node itself. */
  | 'node'
  /** k3d's helper beside every new cluster. */
  | 'helper'
  | 'registry'
  /** What takes changed files in containers. */
  | 'live-update'
  /** A runtime service: broker, databroker, … */
  | 'service'
  /** What the apps' Dockerfiles build upon. */
  | 'base'
  /** What the nodes pull themselves, Kubernetes' own parts above all. */
  | 'cluster'
  /** An app as it was built when the bundle was made, with the build cache of its steps. */
  | 'app';

export interface BundledImage {
  /** The name that it has in the engine, with tag. */
  readonly name: string;
  /** `sha256:…` by which the engine knew it: of the manifest or of the configuration, as its image store has it. */
  readonly id: string;
  readonly purpose: ImagePurpose;
  /** Id of the app, with purpose `app`. */
  readonly app?: string;
}

export interface BundledTool {
  readonly name: ToolFile;
  /** As the tool says it, without a leading `v`. */
  readonly version: string;
}

export const TOOL_FILES = ['k3d', 'helm', 'kubectl', 'docker', 'docker-buildx'] as const;
export type ToolFile = (typeof TOOL_FILES)[number];

/** `bundle.json`, the first file of a bundle. */
export interface BundleManifest {
  readonly format: number;
  /** Version of the `vapp` that made it, which is the one in it. */
  readonly vapp: string;
  /** Version of the Node in it, without a leading `v`; absent when there is none. */
  readonly node?: string;
  /** What its programs and images run on, as Go names it: `linux` and `amd64` or `arm64`. */
  readonly os: string;
  readonly architecture: string;
  /** The node image whose parts the images with purpose `cluster` are. */
  readonly k3sImage: string;
  readonly images: readonly BundledImage[];
  readonly tools: readonly BundledTool[];
}

/**
 * Reads `bundle.json`.
 *
 * @throws Failure `bundle-too-new`, `bundle-invalid`.
 */
export function parseManifest(text: string, file: string): BundleManifest {
  let value: Partial<BundleManifest>;
  try {
    value = asRecord(JSON.parse(text));
  } catch (error) {
    throw notABundle(file, 'its bundle.json is no JSON', error);
  }
  const { format, vapp } = value;
  if (typeof format !== 'number' || typeof vapp !== 'string') throw notABundle(file, 'its bundle.json names no format');
  if (format > FORMAT) {
    throw new Failure({
      code: 'bundle-too-new',
      fault: 'environment',
      summary: `${file} has the bundle format ${format}, and this vapp knows formats up to ${FORMAT}.`,
      evidence: [`It was made by vapp ${vapp}.`],
      nextSteps: [`Update vapp to ${vapp} or later; the bundle holds that version in its folder vapp.`],
    });
  }
  if (!isComplete(value)) throw notABundle(file, 'its bundle.json is incomplete');
  return value;
}

/** What a file is that is no bundle at all. */
export function notABundle(file: string, reason: string, cause?: unknown): Failure {
  return new Failure({
    code: 'bundle-invalid',
    fault: 'usage',
    summary: `${file} is not a bundle: ${reason}.`,
    nextSteps: ['Name a file that `vapp bundle save` made.'],
    cause,
  });
}

/**
 * Sees to it that the programs and images of a bundle run here.
 *
 * @throws Failure `bundle-other-platform`.
 */
export function checkPlatform(
  { os, architecture }: Pick<BundleManifest, 'os' | 'architecture'>,
  here: { readonly os: string; readonly architecture: string },
  file: string,
): void {
  if (os === here.os && architecture === here.architecture) return;
  throw new Failure({
    code: 'bundle-other-platform',
    fault: 'environment',
    summary: `${file} is for ${os}/${architecture}, and this is ${here.os}/${here.architecture}.`,
    nextSteps: [`Make one with \`vapp bundle save\` on a machine with ${here.os}/${here.architecture}.`],
  });
}

/** The platform of this process, as Go names it. */
export function thisPlatform(): { os: string; architecture: string } {
  const { platform, arch } = process;
  return {
    os: platform === 'win32' ? 'windows' : platform,
    architecture: arch === 'x64' ? 'amd64' : arch,
  };
}

function isComplete(value: Partial<BundleManifest>): value is BundleManifest {
  const { os, architecture, k3sImage, node = '', images, tools } = value;
  return (
    [os, architecture, k3sImage, node].every((text) => typeof text === 'string') &&
    Array.isArray(images) &&
    images.map(asRecord).every(isImage) &&
    Array.isArray(tools) &&
    tools.map(asRecord).every(({ name, version }) => isText(version) && TOOL_FILES.some((tool) => tool === name))
  );
}

function isImage({ name, id, purpose, app }: Readonly<Record<string, unknown>>): boolean {
  return [name, id, purpose].every(isText) && (app === undefined || (typeof app === 'string' && APP_ID.test(app)));
}

/** A DNS-1123 label, as ids of apps are: a folder is called by it, which is to be nowhere else. */
const APP_ID = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** What is no object has no fields. */
function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
