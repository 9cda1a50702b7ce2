import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure, throwIfCancelled } from '../base';
import { secretValues } from './arguments';
import { tryingTwice } from './build';
import { buildWithBuildx } from './buildx';
import { buildxMissing } from './copy';
import { normalizePlatforms } from './platforms';
import { parseReference } from './reference';
import type { BuildContext, BuildRequest, BuildStep, PushedImage } from './types';

/** An image to build and push at once, for all of `platforms`. */
export interface PushBuildRequest extends Omit<BuildRequest, 'tags' | 'cacheInImage'> {
  /** Where to push: `registry/path[:tag]`. */
  readonly push: string;
  /** Attach a list of what is in the image. */
  readonly sbom?: boolean;
  /** Attach how it was built. */
  readonly provenance?: boolean;
}

/** What was pushed: an index, when it has several platforms or attestations. */
export interface PushedBuild extends PushedImage {
  /** Repository and tag. */
  readonly reference: string;
  readonly platforms: readonly string[];
  readonly steps: readonly BuildStep[];
  readonly durationMs: number;
}

/**
 * Builds an image for all its platforms with the builder named, else the user's current one, and pushes it as one. The
 * engine's store is left as it is, unless the builder is the engine's own.
 *
 * @throws Cancelled; Failure `image-reference-invalid`, `push-denied`, `push-quota`, `push-failed`,
 *   `registry-unreachable`, `builder-unsupported`, `buildx-missing`, and those of `buildImage`.
 */
export async function buildAndPush(request: PushBuildRequest, context: BuildContext): Promise<PushedBuild> {
  throwIfCancelled(context.signal);
  const started = performance.now();
  const { push, sbom = false, provenance = false, ...build } = request;
  const { name, tag = 'latest' } = targetOf(push);
  const reference = `${name}:${tag}`;
  const platforms = normalizePlatforms(request.platforms);
  context.toolbox.redactor.add(...secretValues(request.buildArgs));
  const folder = await mkdtemp(join(tmpdir(), 'vapp-push-'));
  try {
    const metadata = join(folder, 'metadata.json');
    const output = {
      args: [
        ...['--push', '--metadata-file', metadata],
        `--provenance=${provenance ? 'mode=max' : 'false'}`,
        `--sbom=${sbom}`,
      ],
      env: {
        // The user's builder may be in a cluster of theirs.
        KUBECONFIG: context.toolbox.env['KUBECONFIG'],
        // With attestations, what git says of the context belongs to them.
        ...(provenance ? {} : { BUILDX_GIT_INFO: 'false' }),
      },
    };
    const steps = await tryingTwice(context, () =>
      buildWithBuildx({ ...build, platforms, tags: [reference] }, context, output),
    );
    if ('reason' in steps) throw buildxMissing(steps.reason);
    const digest = digestIn(await readFile(metadata, 'utf8'));
    return { reference, repository: name, digest, platforms, steps, durationMs: performance.now() - started };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function targetOf(target: string): { name: string; tag?: string } {
  const { name, tag, digest } = parseReference(target);
  if (digest === undefined) return { name, ...(tag === undefined ? {} : { tag }) };
  throw new Failure({
    code: 'image-reference-invalid',
    fault: 'usage',
    summary: `'${target}' names a digest, which is only known after the build.`,
    nextSteps: ['Name a repository, with or without a tag: ghcr.io/your-organization/your-app:1.0.'],
  });
}

/** What `--cache-from` takes for a cache in a registry. @throws Failure `image-reference-invalid`. */
export function cacheFromRegistry(reference: string): string {
  parseReference(reference);
  return `type=registry,ref=${reference}`;
}

/** What `--cache-to` takes for it: the steps of all stages are kept. @throws Failure `image-reference-invalid`. */
export function cacheToRegistry(reference: string): string {
  return `${cacheFromRegistry(reference)},mode=max`;
}

/** The digest of what was pushed, as buildx writes it down. */
export function digestIn(metadata: string): string {
  const digest = (JSON.parse(metadata) as Readonly<Record<string, unknown>>)['containerimage.digest'];
  if (typeof digest === 'string') return digest;
  throw new Error('buildx did not say which digest was pushed');
}
