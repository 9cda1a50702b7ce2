import type { V1Pod } from '@kubernetes/client-node';
import type { ApiClient } from './api-client';
import { podPath } from './pods';
import { Watch } from './watch';

export interface PodListener {
  /** @param initial the pod was already there when the watch began. */
  seen(pod: V1Pod, initial: boolean): void;
  /** @param last its last state, unless that was missed. */
  gone(uid: string, last?: V1Pod): void;
}

/** Watches the pods of one label selector. */
export function watchPods(
  api: ApiClient,
  namespace: string,
  labelSelector: string,
  listener: PodListener,
  signal: AbortSignal,
): Watch<V1Pod> {
  const known = new Set<string>();
  let initial = true;
  const seen = (pod: V1Pod) => {
    known.add(uidOf(pod));
    listener.seen(pod, initial);
  };
  const gone = (uid: string, last?: V1Pod) => {
    known.delete(uid);
    listener.gone(uid, last);
  };
  const handler = {
    listed: (pods: readonly V1Pod[]) => {
      const present = new Set(pods.map(uidOf));
      for (const uid of [...known]) if (!present.has(uid)) gone(uid);
      for (const pod of pods) seen(pod);
      initial = false;
    },
    changed: (type: 'ADDED' | 'MODIFIED' | 'DELETED', pod: V1Pod) => {
      if (type === 'DELETED') gone(uidOf(pod), pod);
      else seen(pod);
    },
  };
  return new Watch(api, podPath(namespace), { labelSelector }, handler, signal);
}

function uidOf(pod: V1Pod): string {
  return pod.metadata?.uid ?? '';
}
