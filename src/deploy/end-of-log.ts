import { Failure, isCancelled } from '../base';
import type { KubeApi } from '../tools';
import type { PodObject } from './objects';
import { unprobedContainers } from './pods';

/**
 * Waits until a container of the pod that nothing probes has ended. The kubelet ends a follower's log when the container
 * runtime says that the container does not run, which it asks when it has come to the log's end and then once a second
 * (`waitLogs` and `logForceCheckPeriod` of the CRI log reader): its own view of pods, which may be seconds old, does
 * not come into it.
 *
 * @returns false when that cannot be known: the log may not be read, or nobody answers, or the signal fired.
 */
export async function untilContainerEnds(
  api: Pick<KubeApi, 'stream'>,
  pod: PodObject,
  signal: AbortSignal,
): Promise<boolean> {
  const { name, namespace = 'default' } = pod.metadata;
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/log`;
  const logs = unprobedContainers(pod).map(async (container) => {
    const log = await api.stream(path, { container, follow: true, tailLines: 0 }, { signal });
    // What is not read is not sent, and the end neither.
    const chunks = log[Symbol.asyncIterator]();
    while ((await chunks.next()).done !== true) continue;
  });
  try {
    await Promise.race(logs);
    return true;
  } catch (error) {
    if (error instanceof Failure || isCancelled(error, signal)) return false;
    throw error;
  } finally {
    for (const log of logs) log.catch(() => undefined);
  }
}
