import { isCancelled, Cancelled, type Failure } from '../base';
import { transferFailure } from '../build';
import {
  FORMAT,
  checkPlatform,
  thisPlatform,
  writeBundle,
  type BundledImage,
  type BundledTool,
  type BundleManifest,
} from '../bundle';
import type { Docker } from '../tools';
import { collectImages, engineArchitecture } from './bundle-collect';
import { packedNode, packedTools, packedVapp } from './bundle-files';
import { withBuiltApps } from './bundle-apps';
import { isServedToNodes } from './bundle-cluster';
import {
  clusterNeeds,
  distinct,
  engineNeeds,
  imageOfContainer,
  serverOf,
  systemPodsReady,
  type NeededImage,
} from './bundle-needs';
import type { Job } from './images';
import type { Session } from './session';
import { startRuntime } from './start';
import { Steps, outcomeOf } from './steps';
import type { Outcome, RunEvent } from './types';

export interface SaveBundleRequest {
  /** Absolute. A bundle of that name is replaced. */
  readonly file: string;
  /** Pack the images of the apps, too, with the build cache of their steps. */
  readonly withApps: boolean;
  /** Version of the `vapp` that runs, and the folder with its package.json. */
  readonly vapp: { readonly version: string; readonly packageDirectory: string };
}

export interface SavedBundle {
  readonly file: string;
  /** Bytes. */
  readonly size: number;
  readonly images: readonly BundledImage[];
  readonly tools: readonly BundledTool[];
}

/**
 * Packs everything that a run of this workspace needs into one file: the images of nodes, registry, services and
 * Dockerfiles, k3d, Helm, kubectl, docker and buildx, `vapp` and its Node. What the nodes need is asked of a running one,
 * so the runtime is started unless it runs, and left running.
 *
 * What the steps of a Dockerfile download (`pip install` …) is not in the images it builds upon. With `withApps` the apps
 * are built and packed as well, and with each the cache of its steps: after `loadBundle` on another machine a build needs
 * the network for those steps only whose inputs have changed, and `vapp deploy` needs no build at all.
 *
 * No credentials are packed: neither Docker's configuration nor anything of the environment.
 */
export function saveBundle(
  session: Session,
  request: SaveBundleRequest,
  emit: (event: RunEvent) => void,
  signal?: AbortSignal,
): Promise<Outcome<SavedBundle>> {
  const job: Job = { session, steps: new Steps(emit, signal), emit, signal };
  return outcomeOf(async () => {
    const repository = await job.steps.run('read', undefined, () => session.readValid());
    const local = await session.runtime(repository);
    const docker = await session.docker();
    const starting = startRuntime(job, local);
    const { access } = await starting.runtime;
    await starting.services;
    const apps = request.withApps ? repository.apps : [];
    return withBuiltApps(job, apps, docker, (builtApps) =>
      job.steps.run('bundle', undefined, async (reporter) => {
        const onProgress = (message: string) => reporter.progress(message);
        onProgress('Looking at what the cluster uses');
        await systemPodsReady(access, signal);
        const server = serverOf(await local.status(signal));
        const k3sImage = await imageOfContainer(docker, server);
        const platform = thisPlatform();
        checkPlatform({ ...platform, architecture: await engineArchitecture(docker) }, platform, 'The engine');
        const needed = distinct([
          ...(await engineNeeds(repository, k3sImage, session.toolbox, platform.architecture)),
          ...(await clusterNeeds(session.toolbox, server, signal)),
        ]);
        const collected = await collectImages(job, packable(job, needed), onProgress, server);
        const images = [...collected, ...builtApps];
        const saved = await write(job, docker, request, { ...platform, k3sImage, images }, onProgress);
        reporter.result(`${images.length} images and ${saved.tools.length} tools`);
        return saved;
      }),
    );
  }, signal);
}

async function write(
  job: Job,
  docker: Docker,
  { file, vapp }: SaveBundleRequest,
  facts: Pick<BundleManifest, 'os' | 'architecture' | 'k3sImage' | 'images'>,
  onProgress: (message: string) => void,
): Promise<SavedBundle> {
  const { signal } = job;
  const packed = await packedTools(job.session.toolbox, signal);
  const node = await packedNode();
  if (!node)
    job.emit({ type: 'warning', message: 'The Node of an editor is no Node for others: the bundle has none.' });
  const manifest: BundleManifest = {
    format: FORMAT,
    vapp: vapp.version,
    ...(node ? { node: process.versions.node } : {}),
    ...facts,
    tools: packed.tools,
  };
  const files = [...packed.files, ...(await packedVapp(vapp.packageDirectory)), ...(node ? [node] : [])];
  const names = facts.images.map(({ name }) => name);
  const images = async () => {
    try {
      const stream = await (docker as ImagesSource).getImages({ names, ...(signal ? { abortSignal: signal } : {}) });
      return imagesOf(stream, signal);
    } catch (error) {
      throw isCancelled(error, signal) ? new Cancelled() : engineFailure(error);
    }
  };
  const size = await writeBundle(file, { manifest, files, images }, { signal, onProgress });
  return { file, size, images: facts.images, tools: packed.tools };
}

/** What dockerode has and its types have not. */
type ImagesSource = Docker & {
  getImages(options: { names: readonly string[]; abortSignal?: AbortSignal }): Promise<NodeJS.ReadableStream>;
};

/** The engine's archive; that the engine cuts it short is a failure and no end. */
async function* imagesOf(stream: NodeJS.ReadableStream, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    throw signal?.aborted ? new Cancelled() : engineFailure(error);
  }
}

function engineFailure(error: unknown): Failure {
  return transferFailure(error, 'The engine could not give the images away');
}

/** Leaves out, with a warning, what could not be used where the bundle is loaded. */
function packable(job: Job, needed: readonly NeededImage[]): NeededImage[] {
  return needed.filter(({ name, purpose }) => {
    if (purpose === 'cluster' && !isServedToNodes(name)) {
      job.emit({
        type: 'warning',
        message: `${name}, which the nodes pull themselves, is not packed: only images of Docker Hub can be given to them.`,
      });
      return false;
    }
    if (!name.includes('@')) return true;
    job.emit({
      type: 'warning',
      message: `${name} is named by digest and cannot be packed: no engine knows an image by its digest after it was loaded from a file. Name it by a tag where the bundle is to be used.`,
    });
    return false;
  });
}
