import type { CoreV1Event } from '@kubernetes/client-node';
import { isRefusal, type PatientApi } from './patient-api';
import { Watch } from './watch';

/**
 * Tells of containers the moment the kubelet has started them. A pod's status says so up to a second later, because
 * the kubelet notices what its runtime does by looking once a second. Where events may not be read this ends at once:
 * it only ever saves time.
 *
 * @throws Cancelled.
 */
export async function watchStarts(
  api: PatientApi,
  namespace: string,
  started: (podUid: string, container: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const handler = {
    // Starts of the past are of no interest.
    listed: () => undefined,
    changed: (type: 'ADDED' | 'MODIFIED' | 'DELETED', { involvedObject }: CoreV1Event) => {
      const container = /\{(.+)\}$/.exec(involvedObject.fieldPath ?? '')?.[1];
      if (type !== 'DELETED' && container !== undefined) started(involvedObject.uid ?? '', container);
    },
  };
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`;
  const query = { fieldSelector: 'involvedObject.kind=Pod,reason=Started' };
  try {
    await new Watch<CoreV1Event>(api, path, query, handler, signal, { limit: 1 }).run();
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
}
