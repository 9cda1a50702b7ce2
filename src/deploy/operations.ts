import { Failure, isCancelled, orCancelled, throwIfCancelled } from '../base';
import { Helm, releaseHistory, type ClusterAccess, type KubeApi, type ReleaseRecord } from '../tools';
import { Collection } from './collection';
import type { DeployContext } from './deploy';
import { helmFailure } from './helm-failure';
import { relevantRevision, rollbackTarget, undo, type ReleaseHandle } from './history';
import { liveWorkload, podsOf, removePods, stuckAmong, uidsOf, withApi } from './inspect';
import { areLiveUpdated, goOn, pause, settle } from './live-workloads';
import { withReleaseLock } from './lock';
import type { PodObject } from './objects';
import { summarisePod } from './pods';
import { watchRollout } from './rollout';
import type { DeployResult, ReleaseStatus } from './types';
import { podSelector, podSelectors, progressOf, workloadsOf, type WorkloadReference } from './workloads';

/** A release on a cluster. */
export interface ReleaseSubject {
  readonly release: string;
  readonly namespace: string;
  readonly access: ClusterAccess;
}

export interface RollbackRequest extends ReleaseSubject {
  /** Absent: the newest revision before the latest that was once in service. */
  readonly revision?: number;
  /** Longest wait for the rollout, milliseconds. Default 120 000. */
  readonly timeoutMs?: number;
}

export interface UninstallRequest extends ReleaseSubject {
  /** Longest wait for the pods to end, milliseconds. Default 120 000. */
  readonly timeoutMs?: number;
}

/**
 * Makes an earlier revision serve again, as a new revision, and waits until it does. When cancelled, the release is
 * brought back to what it was.
 *
 * @throws Cancelled; Failure `nothing-to-roll-back`, `revision-not-found`, and those of the rollout; see `deploy`.
 */
export function rollback(request: RollbackRequest, context: DeployContext): Promise<DeployResult> {
  const { signal, judge, refusal, onEvent, onRolloutStarted } = context;
  const timeoutMs = request.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const helm = new Helm(context.toolbox, request.access);
  const handle: ReleaseHandle = { helm, release: request.release, namespace: request.namespace };
  return withApi(request.access, async (api) => {
    let before: readonly ReleaseRecord[] | undefined;
    try {
      const started = await withReleaseLock(
        request,
        async () => {
          before = await releaseHistory(api, handle.release, handle.namespace, signal);
          return startRollback(api, handle, before, { ...context, revision: request.revision, timeoutMs });
        },
        { signal },
      );
      onRolloutStarted?.(podSelectors(started.workloads), true);
      await watchRollout(api, started.workloads, {
        timeoutMs,
        judge,
        refusal,
        doomed: started.doomed,
        onEvent,
        signal,
      });
      throwIfCancelled(signal);
      return { revision: started.revision, changed: true };
    } catch (error) {
      const history = before;
      if (history && isCancelled(error, signal)) await withReleaseLock(request, () => undo(api, handle, history));
      throw error;
    }
  });
}

async function startRollback(
  api: KubeApi,
  { helm, release, namespace }: ReleaseHandle,
  history: readonly ReleaseRecord[],
  options: Pick<DeployContext, 'signal' | 'judge' | 'onEvent'> & { revision: number | undefined; timeoutMs: number },
) {
  const { signal, judge, onEvent, timeoutMs } = options;
  const target = rollbackTarget(release, history, options.revision);
  const serving = workloadsOf(relevantRevision(history)?.manifest ?? '', namespace);
  const stuck = stuckAmong(await podsOf(api, serving, signal), judge);
  const beside = (await areLiveUpdated(api, serving, signal)) ? serving : [];
  await pause(api, beside, signal);
  onEvent?.({ type: 'progress', message: `helm rollback ${release} ${target.revision}` });
  try {
    await helm.rollback(release, namespace, target.revision, { signal, timeoutMs });
  } catch (error) {
    await goOn(api, beside);
    throw helmFailure(error, { release });
  }
  await settle(api, beside, undefined, signal);
  const [made] = await releaseHistory(api, release, namespace, signal);
  await removePods(api, stuck, signal);
  return {
    revision: made?.revision ?? 0,
    workloads: workloadsOf(made?.manifest ?? '', namespace),
    doomed: uidsOf(stuck),
  };
}

/** Takes a release away and waits until its pods are gone. That there is none is no failure. */
export function uninstall(
  request: UninstallRequest,
  context: Pick<DeployContext, 'toolbox' | 'signal' | 'onEvent'>,
): Promise<void> {
  const { release, namespace, access } = request;
  const { signal } = context;
  const timeoutMs = request.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  return withApi(access, async (api) => {
    const workloads = await withReleaseLock(
      request,
      async () => {
        const history = await releaseHistory(api, release, namespace, signal);
        const relevant = relevantRevision(history);
        if (!relevant) return [];
        try {
          await new Helm(context.toolbox, access).uninstall(release, namespace, { signal, timeoutMs });
        } catch (error) {
          throw helmFailure(error, { release });
        }
        return workloadsOf(relevant.manifest, namespace);
      },
      { signal },
    );
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), timeoutMs);
    try {
      await orCancelled(Promise.all(workloads.map((reference) => podsGone(reference))), signal);
    } finally {
      clearTimeout(timer);
      stop.abort();
    }

    function podsGone(reference: WorkloadReference): Promise<void> {
      const pods = new Collection<PodObject>(api, `/api/v1/namespaces/${reference.namespace}/pods`, {
        labelSelector: podSelector(reference),
      });
      return new Promise((resolve, reject) => {
        const look = () => {
          if (pods.synced && pods.objects.size === 0) resolve();
        };
        pods.follow(look, stop.signal).catch((error: unknown) => {
          reject(stop.signal.aborted ? podsRemain(release, [...pods.objects.values()], timeoutMs) : (error as Error));
        });
      });
    }
  });
}

/** What a release is and how it does; undefined when there is none. */
export function releaseStatus(subject: ReleaseSubject, signal?: AbortSignal): Promise<ReleaseStatus | undefined> {
  const { release, namespace, access } = subject;
  return withApi(access, async (api) => {
    const history = await releaseHistory(api, release, namespace, signal);
    const [latest] = history;
    if (!latest) return undefined;
    const references = workloadsOf(relevantRevision(history)?.manifest ?? '', namespace);
    const [workloads, pods] = await Promise.all([
      Promise.all(
        references.map(async (reference) => {
          const live = await liveWorkload(api, reference, signal);
          return progressOf(reference.kind, reference.name, live).workload;
        }),
      ),
      podsOf(api, references, signal),
    ]);
    const { revision, status, updated } = latest;
    return { release, namespace, revision, status, updated, workloads, pods: pods.map(summarisePod) };
  });
}

/** Label selectors, in the API's text form, that find the pods of a release; empty when there is none. */
export function releaseSelectors(subject: ReleaseSubject, signal?: AbortSignal): Promise<string[]> {
  const { release, namespace, access } = subject;
  return withApi(access, async (api) => {
    const relevant = relevantRevision(await releaseHistory(api, release, namespace, signal));
    return relevant ? podSelectors(workloadsOf(relevant.manifest, namespace)) : [];
  });
}

const DEFAULT_TIMEOUT_MS = 120_000;

function podsRemain(release: string, pods: readonly PodObject[], timeoutMs: number): Failure {
  return new Failure({
    code: 'pods-remain',
    fault: 'app',
    summary: `Release ${release} is uninstalled, but pods of it had not ended after ${Math.round(timeoutMs / 1000)} s.`,
    evidence: pods.map((pod) => `${pod.metadata.name}: ${summarisePod(pod).phase}`),
  });
}
