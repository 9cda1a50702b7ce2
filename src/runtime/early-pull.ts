import { Failure, isCancelled, sleep, throwIfCancelled } from '../base';
import type { Engine } from './engine-changes';
import { objectNames } from './names';

const POLL_MS = 100;
/** How long a pull may go on after the cluster has come up, milliseconds. */
const PATIENCE_MS = 60_000;

/**
 * Pulls an image on the server of a cluster that still comes up: containerd serves seconds before Kubernetes takes pods,
 * and to unpack an image is most of what the first start of an app takes. It is pulled as the kubelet would, by the
 * Container Runtime Interface: a pull of the kubelet's own then joins this one, so that nobody has to wait for it.
 *
 * @param image as pods name it, with its digest.
 * @param up settles with the cluster. No pull begins afterwards, since then the kubelet is as fast.
 * @param needless ends the pull, since the app has been deployed or cannot be.
 * @returns whether the node has the image. That it has not is no failure: if it cannot be pulled, the kubelet tells.
 * @throws Cancelled.
 */
export async function pullEarly(
  engine: Engine,
  image: string,
  up: Promise<unknown>,
  needless?: AbortSignal,
): Promise<boolean> {
  const enough = new AbortController();
  needless?.addEventListener('abort', () => enough.abort());
  const cluster: { settled: boolean; patience?: NodeJS.Timeout } = { settled: false };
  up.then(
    () => (cluster.patience = setTimeout(() => enough.abort(), PATIENCE_MS).unref()),
    () => enough.abort(),
  ).finally(() => (cluster.settled = true));
  try {
    // The node is made in the meantime, and its containerd serves later still.
    while (!(await isRunning(engine)) || !(await isPulled(engine, image, enough.signal))) {
      await sleep(POLL_MS, engine.signal);
      if (cluster.settled || enough.signal.aborted) return false;
    }
    return true;
  } finally {
    clearTimeout(cluster.patience);
  }
}

async function isRunning({ docker, cluster }: Engine): Promise<boolean> {
  try {
    return (await docker.getContainer(objectNames(cluster).server).inspect()).State.Running;
  } catch {
    // Whoever brings up the cluster tells what is wrong with the engine.
    return false;
  }
}

async function isPulled({ toolbox, cluster, signal }: Engine, image: string, enough: AbortSignal): Promise<boolean> {
  try {
    await toolbox.run('docker', ['exec', objectNames(cluster).server, 'crictl', 'pull', image], {
      signal: signal ? AbortSignal.any([signal, enough]) : enough,
    });
    return true;
  } catch (error) {
    throwIfCancelled(signal);
    if (error instanceof Failure || isCancelled(error, enough)) return false;
    throw error;
  }
}
