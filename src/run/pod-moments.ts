import { Failure, isCancelled } from '../base';
import type { App } from '../project';
import { KubeApi, Reflector, type ClusterAccess } from '../tools';
import type { Job } from './images';

interface PodEvent {
  readonly reason?: string;
  readonly involvedObject?: { readonly name?: string };
}

/**
 * Tells what scheduler and kubelet do with the pods of an app's namespace, when their events arrive; those of the past
 * are left out. The kubelet's own times have whole seconds, which would tell nothing. Where events may not be read,
 * nothing is told.
 *
 * @returns ends it, and resolves when its connections are closed.
 */
export function tellPodMoments({ emit }: Job, app: App, access: ClusterAccess): () => Promise<void> {
  const stop = new AbortController();
  const telling = follow(stop.signal);
  // Looked at when it is ended.
  telling.catch(() => undefined);
  return async () => {
    stop.abort();
    await telling;
  };

  async function follow(signal: AbortSignal): Promise<void> {
    const api = await KubeApi.open(access).catch(unlessFailure);
    if (!api) return;
    try {
      const events: Reflector<PodEvent> = new Reflector(
        api,
        `/api/v1/namespaces/${app.namespace}/events`,
        (event) => event as PodEvent,
        { query: { fieldSelector: 'involvedObject.kind=Pod' } },
        (before, after) => {
          const { reason: moment, involvedObject } = after ?? {};
          if (before || !events.synced || moment === undefined || involvedObject?.name === undefined) return;
          emit({ type: 'pod-moment', app: app.id, pod: involvedObject.name, moment });
        },
      );
      await events.follow(() => undefined, signal);
    } catch (error) {
      if (!isCancelled(error, signal)) unlessFailure(error);
    } finally {
      api.close();
    }
  }
}

/** What is told is an extra: that it cannot be had is no reason for a job to fail. */
function unlessFailure(error: unknown): void {
  if (!(error instanceof Failure)) throw error;
}
