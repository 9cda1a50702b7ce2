import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { Failure, messageOf, orCancelled } from '../../../src/base';
import { dockerClient, Toolbox, type Docker } from '../../../src/tools';
import { smallestImage, SMALLEST_IMAGE_PROGRAM } from './smallest-image';

/** What became of the question whether the user's own engine will do. */
export type ExistingEngine =
  | { readonly usable: true; readonly host: string; readonly version: string }
  | { readonly usable: false; readonly reason: string };

const DEFAULT_HOST = 'unix:///var/run/docker.sock';
const ANSWER_LIMIT_MS = 20_000;

/** Whether the engine that the user's docker CLI would use answers and runs privileged containers, as k3d's nodes are. */
export async function tryExistingEngine(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<ExistingEngine> {
  const toolbox = new Toolbox(env);
  const host = env['DOCKER_HOST'] || (await contextHost(toolbox, signal)) || DEFAULT_HOST;
  let version: string;
  try {
    const docker = await dockerClient(new Toolbox({ ...env, DOCKER_HOST: host }), signal);
    version = (await orCancelled(withLimit(docker.version()), signal)).Version;
    await orCancelled(withLimit(runPrivileged(docker)), signal);
  } catch (error) {
    if (signal.aborted) throw error;
    return { usable: false, reason: `${host}: ${messageOf(error)}` };
  }
  return { usable: true, host, version };
}

/** Runs the smallest privileged container there is and leaves nothing behind. */
async function runPrivileged(docker: Docker): Promise<void> {
  const { Architecture } = (await docker.info()) as { Architecture: string };
  const archive = smallestImage(Architecture);
  if (!archive) throw new Error(`engines on ${Architecture} are not supported`);
  const tag = `vapp-probe:${randomBytes(6).toString('hex')}`;
  const [repo, name] = tag.split(':');
  const imported = await docker.importImage(Readable.from(archive), { repo, tag: name });
  imported.resume();
  await finished(imported, { writable: false });
  try {
    const container = await docker.createContainer({
      Image: tag,
      Cmd: [SMALLEST_IMAGE_PROGRAM],
      HostConfig: { Privileged: true, NetworkMode: 'none' },
    });
    try {
      await container.start();
      const { StatusCode } = (await container.wait()) as { StatusCode: number };
      if (StatusCode !== 0) throw new Error(`a privileged container ended with exit code ${StatusCode}`);
    } finally {
      await container.remove({ force: true, v: true });
    }
  } finally {
    await docker.getImage(tag).remove({ force: true });
  }
}

async function contextHost(toolbox: Toolbox, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { stdout } = await toolbox.run('docker', ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'], {
      signal,
    });
    return stdout.trim() || undefined;
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

async function withLimit<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_LIMIT_MS / 1000} s`)), ANSWER_LIMIT_MS);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
