import { isCancelled, messageOf, sleep, throwIfCancelled, Cancelled } from '../base';
import { pushFailure } from './image-failures';
import { abortOptions, followTransfer, type TransferMessage } from './transfer';
import type { ImageContext, PushedImage, PushTarget } from './types';

/** How long a registry that does not answer yet may take to do so, in milliseconds. */
const REGISTRY_START_MS = 15_000;
const RETRY_MS = 150;
/** The tag in the registry is for people: what runs is named by digest. */
const DEFAULT_TAG = 'local';

/**
 * Pushes an image of the engine's store to a registry; layers that are there already are not sent again. The extra
 * name that this takes is removed afterwards, so that no image of the store is held by a registry long gone.
 *
 * @throws Cancelled when the signal fires.
 * @throws Failure `push-failed`, `docker-not-running`, `docker-lost`, `no-space`.
 */
export async function pushImage(tag: string, target: PushTarget, context: ImageContext): Promise<PushedImage> {
  const { docker, signal } = context;
  const repository = `${target.registry}/${target.repository}`;
  const tagThere = target.tag ?? DEFAULT_TAG;
  const name = `${repository}:${tagThere}`;
  try {
    throwIfCancelled(signal);
    await docker.getImage(tag).tag({ repo: repository, tag: tagThere, ...abortOptions(signal) });
    try {
      const digest = await pushWhenReady(repository, tagThere, context);
      return { repository, digest };
    } finally {
      await docker.getImage(name).remove({ noprune: true });
    }
  } catch (error) {
    if (isCancelled(error, signal) || signal?.aborted) throw new Cancelled();
    throw pushFailure(repository, error);
  }
}

async function pushWhenReady(repository: string, tag: string, context: ImageContext): Promise<string> {
  const deadline = performance.now() + REGISTRY_START_MS;
  for (;;) {
    try {
      return await pushOnce(repository, tag, context);
    } catch (error) {
      if (!isNotReady(messageOf(error)) || performance.now() > deadline) throw error;
      await sleep(RETRY_MS, context.signal);
    }
  }
}

async function pushOnce(repository: string, tag: string, { docker, signal, onEvent }: ImageContext): Promise<string> {
  const stream = await docker.getImage(repository).push({ tag, authconfig: NO_CREDENTIALS, ...abortOptions(signal) });
  return digestOf(await followTransfer(docker, stream, repository, onEvent));
}

/** The digest of the manifest or index, which the registry and Kubernetes know the image by. */
export function digestOf(messages: readonly TransferMessage[]): string {
  for (const { aux, status } of [...messages].reverse()) {
    const digest = aux?.Digest ?? /digest: (sha256:[0-9a-f]{64})/.exec(status ?? '')?.[1];
    if (digest !== undefined) return digest;
  }
  throw new Error('the engine did not say by which digest the registry knows the image');
}

/** A registry that has only just started may even fail at the question whether it has a tag, which it does not have. */
function isNotReady(message: string): boolean {
  return /connection refused|connection reset|EOF|503 Service|502 Bad|status from HEAD request.*: 500/i.test(message);
}

// The engine wants the header even where the registry wants no login.
const NO_CREDENTIALS = { username: '', password: '', serveraddress: '' };
