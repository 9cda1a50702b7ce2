import { Failure, isCancelled, sleep, throwIfCancelled } from '../base';
import { LineSplitter } from '../tools';
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
  const settled = up
    .then(
      () => void (cluster.patience = setTimeout(() => enough.abort(), PATIENCE_MS).unref()),
      () => enough.abort(),
    )
    .finally(() => (cluster.settled = true));
  const goesOn = () => !cluster.settled && !enough.signal.aborted;
  try {
    let since: string | undefined;
    while ((since = await runningSince(engine)) === undefined) {
      await sleep(POLL_MS, engine.signal);
      if (!goesOn()) return false;
    }
    // To ask containerd itself takes processes, in a node that needs all of the processor.
    await Promise.race([containerdServes(engine, since, enough.signal), settled]);
    while (goesOn()) {
      if (await isPulled(engine, image, enough.signal)) return true;
      await sleep(POLL_MS, engine.signal);
    }
    return false;
  } finally {
    clearTimeout(cluster.patience);
    // Nobody listens to the node any more.
    enough.abort();
  }
}

/** When the server's container was started, as the engine writes it; undefined while it does not run. */
async function runningSince({ docker, cluster }: Engine): Promise<string | undefined> {
  try {
    const { Running, StartedAt } = (await docker.getContainer(objectNames(cluster).server).inspect()).State;
    return Running ? StartedAt : undefined;
  } catch {
    // Whoever brings up the cluster tells what is wrong with the engine.
    return undefined;
  }
}

/** k3s says so (`WaitForService` in its pkg/agent/cri). */
const SERVES = /containerd is now running/i;

/** What dockerode gives, of which its types know less. */
type Log = NodeJS.ReadableStream & { destroy(): void };

/** Settles when the node's containerd serves, and also when the node says nothing more. */
async function containerdServes(engine: Engine, since: string, enough: AbortSignal): Promise<void> {
  const abortSignal = engine.signal ? AbortSignal.any([engine.signal, enough]) : enough;
  const options = { stdout: true, stderr: true, follow: true, since: Date.parse(since) / 1000, abortSignal } as const;
  try {
    const server = engine.docker.getContainer(objectNames(engine.cluster).server);
    const log = (await server.logs(options)) as Log;
    await new Promise<void>((resolve) => {
      const lines = new LineSplitter((line) => {
        if (SERVES.test(line)) resolve();
      });
      log.on('data', (chunk: Buffer) => lines.write(chunk));
      for (const end of ['end', 'close', 'error']) log.on(end, () => resolve());
    });
    log.destroy();
  } catch {
    // The pull tells whether there is a node.
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
