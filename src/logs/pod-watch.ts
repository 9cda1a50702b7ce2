import type { V1Pod } from '@kubernetes/client-node';
import type { KubeQuery } from '../tools';
import type { PatientApi } from './patient-api';
import { podPath } from './pods';
import { Watch } from './watch';

export interface PodListener {
  /** @param initial the pod was already there when the watch began. */
  seen(pod: V1Pod, initial: boolean): void;
  /** @param last its last state, unless that was missed. */
  gone(uid: string, last?: V1Pod): void;
}

/** Watches the pods that a query selects by labels or by name. */
export function watchPods(
  api: PatientApi,
  namespace: string,
  query: KubeQuery,
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
  return new Watch(api, podPath(namespace), query, handler, signal);
}

function uidOf(pod: V1Pod): string {
  return pod.metadata?.uid ?? '';
}
