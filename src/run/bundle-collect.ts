import { PassThrough, type Readable } from 'node:stream';
import { isCancelled, messageOf, throwIfCancelled, Failure } from '../base';
import type { BundledImage } from '../bundle';
import { CONTAINERD_NAMESPACE } from '../runtime';
import { ToolFailure, dockerFailure, type Docker } from '../tools';
import { fullName, type NeededImage } from './bundle-needs';
import type { Job } from './images';

/** An image of the engine. */
export interface LocalImage {
  readonly id: string;
  readonly os: string;
  readonly architecture: string;
}

/** What the engine has under a name; undefined when that is nothing. */
export async function localImage(docker: Docker, name: string): Promise<LocalImage | undefined> {
  try {
    const { Id, Os, Architecture } = await docker.getImage(name).inspect();
    return { id: Id, os: Os, architecture: Architecture };
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw dockerFailure(error);
  }
}

/**
 * Brings the images into the engine's store, where they are not there, and answers what it has.
 *
 * @param server container of the node that is asked first for the images that it runs itself.
 * @throws Failure `image-unavailable`, `docker-*`; Cancelled.
 */
export async function collectImages(
  job: Job,
  needed: readonly NeededImage[],
  onProgress: (message: string) => void,
  server?: string,
): Promise<BundledImage[]> {
  const docker = await job.session.docker();
  const images: BundledImage[] = [];
  for (const image of needed) {
    throwIfCancelled(job.signal);
    let local = await localImage(docker, image.name);
    if (!local) {
      onProgress(`Fetching ${image.name}`);
      const isOfNode = image.purpose === 'cluster' && server !== undefined;
      const exported = isOfNode && (await takeFromNode(job, docker, server, image.name));
      if (!exported) await pull(job, image.name);
      local = await localImage(docker, image.name);
    }
    if (!local) throw unavailable(image.name, ['the engine does not have it after it was fetched']);
    images.push({ ...image, id: local.id });
  }
  return images;
}

/** Pulls by the docker CLI, which knows the user's credentials. */
async function pull(job: Job, name: string): Promise<void> {
  try {
    await job.session.toolbox.run('docker', ['pull', '--quiet', name], { signal: job.signal });
  } catch (error) {
    if (!(error instanceof ToolFailure) || error.code !== 'tool-failed') throw error;
    throw unavailable(name, error.stderr.trim().split(/\r?\n/), error);
  }
}

function unavailable(name: string, evidence: readonly string[], cause?: unknown): Failure {
  return new Failure({
    code: 'image-unavailable',
    fault: 'environment',
    summary: `The image ${name} belongs into the bundle, is not in Docker and could not be pulled.`,
    evidence,
    nextSteps: [`See for yourself: \`docker pull ${name}\`.`],
    cause,
  });
}

/** Copies an image from a node's store into the engine's. Answers whether that worked; the registry is asked then. */
async function takeFromNode(job: Job, docker: Docker, server: string, name: string): Promise<boolean> {
  try {
    const exec = await docker.getContainer(server).exec({
      Cmd: [
        ...['ctr', '--namespace', CONTAINERD_NAMESPACE, 'images', 'export'],
        ...['--platform', `linux/${await engineArchitecture(docker)}`, '-', fullName(name)],
      ],
      AttachStdout: true,
      AttachStderr: true,
    });
    const output = await exec.start({ hijack: true, stdin: false });
    const archive = new PassThrough();
    docker.modem.demuxStream(output, archive, new PassThrough().resume());
    output.once('end', () => archive.end());
    await loadArchive(docker, archive, job.signal);
    return (await localImage(docker, name)) !== undefined;
  } catch (error) {
    if (isCancelled(error, job.signal)) throw error;
    job.emit({ type: 'warning', message: `${name} could not be taken from the node: ${messageOf(error)}` });
    return false;
  }
}

/** The architecture that the engine's containers run on, as Go names it. */
export async function engineArchitecture(docker: Docker): Promise<string> {
  const { Arch } = await docker.version().catch((error: unknown) => {
    throw dockerFailure(error);
  });
  return Arch;
}

/**
 * Loads an archive in the form of `docker save` into the engine.
 *
 * @throws Error with what the engine says, also when it says so in the middle of its answer; what the archive fails with.
 */
export async function loadArchive(docker: Docker, archive: Readable, signal?: AbortSignal): Promise<void> {
  const stop = new AbortController();
  let broken: unknown;
  archive.once('error', (error) => {
    broken = error;
    stop.abort();
  });
  try {
    const abortSignal = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
    await followLoad(docker, await docker.loadImage(archive, { quiet: true, abortSignal }));
  } catch (error) {
    throw broken ?? error;
  } finally {
    archive.destroy();
  }
  throwIfCancelled(signal);
}

function followLoad(docker: Docker, answer: NodeJS.ReadableStream): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const onEnd = (error: Error | null, messages: { error?: string }[] | undefined) => {
      const refusal = messages?.find((message) => message.error !== undefined)?.error;
      if (error) reject(error);
      else if (refusal !== undefined) reject(new Error(refusal));
      else resolve();
    };
    docker.modem.followProgress(answer, onEnd);
  });
}
