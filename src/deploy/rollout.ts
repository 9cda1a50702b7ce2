import { Failure, messageOf, orCancelled, throwIfCancelled, type PodSurroundings } from '../base';
import { Reflector, type KubeApi } from '../tools';
import { Collection } from './collection';
import { untilContainerEnds } from './end-of-log';
import type { KubeObject, ObjectMetadata, PodObject, WorkloadObject } from './objects';
import { removePods } from './inspect';
import { taintsOf } from './nodes';
import { isReady, summarisePod } from './pods';
import { Probation } from './probation';
import { failureOfPod, failureOfTime, type FailureContext } from './rollout-failure';
import type { DeployEvent, PodJudge, RefusalJudge } from './types';
import { Warnings } from './warnings';
import { progressOf, workloadPath, type Progress, type WorkloadKind, type WorkloadReference } from './workloads';

export interface RolloutOptions {
  /** Longest wait, milliseconds, counted from {@link RolloutOptions.since}. */
  readonly timeoutMs: number;
  /** A moment of `performance.now()`; default: now. */
  readonly since?: number;
  readonly judge?: PodJudge | undefined;
  readonly refusal?: RefusalJudge | undefined;
  /** Pods, by uid, about which the judge is not asked: their end is already ordered. */
  readonly doomed?: ReadonlySet<string>;
  /** Pods, by uid, that were there before the rollout. Default: those that are there when the watch begins. */
  readonly earlier?: ReadonlySet<string>;
  readonly onEvent?: ((event: DeployEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until all workloads run what their specification says, by watching them.
 *
 * @throws Failure of the judge for the first pod of the new revision that can never become ready; `rollout-timeout`,
 * `job-failed`, `cluster-unreachable`; Cancelled.
 */
export async function watchRollout(
  api: KubeApi,
  workloads: readonly WorkloadReference[],
  options: RolloutOptions,
): Promise<void> {
  throwIfCancelled(options.signal);
  if (workloads.length === 0) return;
  await new Rollout(api, workloads, options).wait();
}

class Rollout {
  private readonly collections = new Map<string, Collection<KubeObject>>();
  private readonly warnings: Warnings;
  private readonly taints: Reflector<readonly string[]>;
  private readonly told = new Map<string, string>();
  /** Pods that were ready before the rollout began, by uid. */
  private readonly proven = new Set<string>();
  /** Pods that we have deleted, by uid. */
  private readonly removed = new Set<string>();
  private lasting = { taints: '', since: performance.now() };
  private started = false;
  private fail: (error: unknown) => void = () => undefined;
  private readonly stop = new AbortController();
  private readonly probation = new Probation((pod) => this.untilEnded(pod));

  constructor(
    private readonly api: KubeApi,
    private readonly workloads: readonly WorkloadReference[],
    private readonly options: RolloutOptions,
  ) {
    for (const { kind, namespace } of workloads) {
      this.collect(workloadPath(kind, namespace));
      if (kind === 'Deployment') this.collect(replicaSetPath(namespace));
      this.collect(podPath(namespace));
    }
    this.warnings = new Warnings(api, [...new Set(workloads.map(({ namespace }) => namespace))]);
    this.taints = new Reflector(api, '/api/v1/nodes', taintsOf);
  }

  async wait(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    let settling: NodeJS.Timeout | undefined;
    let again: NodeJS.Timeout | undefined;
    try {
      const verdict = new Promise<void>((resolve, reject) => {
        this.fail = (error) => reject(error instanceof Error ? error : new Error(messageOf(error)));
        const look = () => {
          clearTimeout(settling);
          try {
            const rest = this.look();
            if (rest === 0) resolve();
            else if (rest !== undefined) settling = setTimeout(look, rest);
          } catch (error) {
            this.fail(error);
          }
        };
        for (const followed of this.followed) {
          followed.follow(look, this.stop.signal).catch(this.fail);
        }
        again = setInterval(look, LOOK_AGAIN_MS);
        const { since = performance.now(), timeoutMs } = this.options;
        timer = setTimeout(() => reject(new TimeIsUp()), Math.max(0, since + timeoutMs - performance.now()));
      });
      await orCancelled(verdict, this.options.signal);
    } catch (error) {
      if (error instanceof TimeIsUp) throw await this.timeoutFailure();
      if (error instanceof Judgement) throw await failureOfPod(error.failure, error, this.failureContext());
      throw error;
    } finally {
      clearTimeout(timer);
      clearTimeout(settling);
      clearInterval(again);
      this.stop.abort();
    }
  }

  private async untilEnded(pod: PodObject): Promise<boolean> {
    try {
      return await untilContainerEnds(this.api, pod, this.stop.signal);
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  private get followed() {
    return [...this.collections.values(), this.warnings, this.taints];
  }

  private collect(path: string): void {
    if (!this.collections.has(path)) this.collections.set(path, new Collection(this.api, path));
  }

  private objects<T extends KubeObject>(path: string): Collection<T> {
    return this.collections.get(path) as unknown as Collection<T>;
  }

  /** Looks at everything anew; the milliseconds until the rollout counts as complete, undefined while it is not. */
  private look(): number | undefined {
    if (!this.followed.every(({ synced }) => synced)) return undefined;
    this.warnings.begin();
    const progress = this.workloads.map((reference) => this.lookAt(reference));
    this.started = true;
    const unproven = this.workloads.flatMap((reference) => this.newPodsOf(reference));
    const rest = this.probation.rest(unproven, performance.now());
    return progress.every(({ complete }) => complete) ? rest : undefined;
  }

  /** The pods of the newest revision that are to stay, without those that were ready before. */
  private newPodsOf(reference: WorkloadReference): PodObject[] {
    const live = this.live(reference);
    if (!live) return [];
    return this.podsOf(reference, live)
      .filter(({ pod, current }) => current && !this.isLeaving(pod) && !this.proven.has(pod.metadata.uid ?? ''))
      .map(({ pod }) => pod);
  }

  private lookAt(reference: WorkloadReference): Progress {
    const live = this.live(reference);
    const progress = progressOf(reference.kind, reference.name, live);
    this.tell(`${reference.kind}/${reference.name}`, { type: 'workload', workload: progress.workload });
    const pods = live ? this.podsOf(reference, live) : [];
    for (const { pod } of pods) this.tell(`pod/${pod.metadata.name}`, { type: 'pod', pod: summarisePod(pod) });
    if (!this.started) {
      for (const { pod } of pods) {
        const uid = pod.metadata.uid ?? '';
        if (isReady(pod) && this.options.earlier?.has(uid) !== false) this.proven.add(uid);
      }
    }
    if (progress.complete) return progress;
    if (reference.kind === 'StatefulSet') this.unblock(pods);
    const judged = pods.filter(({ pod, current }) => current && !this.isLeaving(pod));
    for (const { pod } of judged) {
      const surroundings = this.surroundingsOf(pod, pods);
      const failure = this.options.judge?.(pod, surroundings);
      if (failure) throw new Judgement(failure, pod, surroundings);
      this.tellProbe(pod, surroundings);
    }
    if (live && judged.length === 0) this.lookForRefusal(reference, live);
    if (progress.failed !== undefined) throw jobFailed(reference.name, progress.failed);
    return progress;
  }

  private surroundingsOf(pod: PodObject, all: readonly { pod: PodObject }[]): PodSurroundings {
    const taints = [...this.taints.objects.values()].flat();
    if (taints.join() !== this.lasting.taints) this.lasting = { taints: taints.join(), since: performance.now() };
    return {
      warnings: this.warnings.of(pod.metadata.uid),
      othersLeave: all.some((other) => this.isLeaving(other.pod)),
      taints,
      taintsLastedMs: performance.now() - this.lasting.since,
    };
  }

  /** While it may still become ready, it is told what its probe says. */
  private tellProbe({ metadata }: PodObject, { warnings = [] }: PodSurroundings): void {
    const said = warnings.findLast(({ reason }) => reason === 'Unhealthy')?.message.trim();
    if (said !== undefined)
      this.tell(`probe/${metadata.name}`, { type: 'progress', message: `${metadata.name}: ${said}` });
  }

  /** @throws Failure when no pod can be created. */
  private lookForRefusal(reference: WorkloadReference, live: WorkloadObject): void {
    const owners = reference.kind === 'Deployment' ? this.newestReplicaSets(reference, live) : [live];
    for (const { metadata } of owners) {
      const failure = this.options.refusal?.(`${reference.kind} ${reference.name}`, this.warnings.newOf(metadata.uid));
      if (failure) throw failure;
    }
  }

  /** A StatefulSet never replaces a pod that is not ready, so one that can never be would stop it for good. */
  private unblock(pods: readonly { pod: PodObject; current: boolean }[]): void {
    for (const { pod, current } of pods) {
      const uid = pod.metadata.uid ?? '';
      if (current || this.isLeaving(pod) || this.removed.has(uid) || !this.options.judge?.(pod)) continue;
      this.removed.add(uid);
      removePods(this.api, [pod], this.options.signal).catch((error: unknown) => this.fail(error));
    }
  }

  private live({ kind, namespace, name }: WorkloadReference): WorkloadObject | undefined {
    return this.objects<WorkloadObject>(workloadPath(kind, namespace)).named(name);
  }

  private isLeaving({ metadata }: PodObject): boolean {
    return metadata.deletionTimestamp !== undefined || this.options.doomed?.has(metadata.uid ?? '') === true;
  }

  /** The pods of a workload, and whether each belongs to its newest revision. */
  private podsOf({ kind, namespace }: WorkloadReference, live: WorkloadObject): { pod: PodObject; current: boolean }[] {
    const pods = [...this.objects<PodObject>(podPath(namespace)).objects.values()];
    const ownedBy = (uid: string | undefined) => pods.filter(({ metadata }) => isOwnedBy(metadata, uid));
    if (kind !== 'Deployment') {
      return ownedBy(live.metadata.uid).map((pod) => ({ pod, current: isOfNewestRevision(kind, live, pod) }));
    }
    const newest = new Set(this.newestReplicaSets({ namespace }, live).map(({ metadata }) => metadata.uid));
    return this.replicaSetsOf({ namespace }, live).flatMap(({ metadata }) =>
      ownedBy(metadata.uid).map((pod) => ({ pod, current: newest.has(metadata.uid) })),
    );
  }

  private newestReplicaSets(reference: Pick<WorkloadReference, 'namespace'>, live: WorkloadObject): KubeObject[] {
    const newest = live.metadata.annotations?.[DEPLOYMENT_REVISION];
    const observed = (live.status?.observedGeneration ?? 0) >= (live.metadata.generation ?? 0);
    if (!observed) return [];
    return this.replicaSetsOf(reference, live).filter(
      ({ metadata }) => metadata.annotations?.[DEPLOYMENT_REVISION] === newest,
    );
  }

  private replicaSetsOf({ namespace }: Pick<WorkloadReference, 'namespace'>, live: WorkloadObject): KubeObject[] {
    return [...this.objects(replicaSetPath(namespace)).objects.values()].filter(({ metadata }) =>
      isOwnedBy(metadata, live.metadata.uid),
    );
  }

  private tell(key: string, event: DeployEvent): void {
    const text = JSON.stringify(event);
    if (this.told.get(key) === text) return;
    this.told.set(key, text);
    this.options.onEvent?.(event);
  }

  private async timeoutFailure(): Promise<Failure> {
    const waiting = this.workloads
      .map((reference) => ({ reference, live: this.live(reference) }))
      .map(({ reference, live }) => ({ reference, live, progress: progressOf(reference.kind, reference.name, live) }))
      .filter(({ progress }) => !progress.complete);
    const pods = waiting.flatMap(({ reference, live }) => (live ? this.podsOf(reference, live) : []));
    const troubled = pods
      .filter(({ pod }) => !isReady(pod))
      .map(({ pod, current }) => ({
        pod,
        surroundings: this.surroundingsOf(pod, pods),
        current: current && !this.isLeaving(pod),
      }));
    const missing = waiting.map(({ progress }) => progress.missing);
    return failureOfTime(this.options.timeoutMs, missing, troubled, this.failureContext());
  }

  private failureContext(): FailureContext {
    const { judge, signal } = this.options;
    return { api: this.api, judge, signal };
  }
}

class TimeIsUp extends Error {}

class Judgement extends Error {
  constructor(
    readonly failure: Failure,
    readonly pod: PodObject,
    readonly surroundings: PodSurroundings,
  ) {
    super(failure.summary);
  }
}

/** What lasts becomes certain without anything happening; so often it is looked at, milliseconds. */
const LOOK_AGAIN_MS = 5000;

const DEPLOYMENT_REVISION = 'deployment.kubernetes.io/revision';

function isOfNewestRevision(kind: WorkloadKind, live: WorkloadObject, { metadata }: PodObject): boolean {
  switch (kind) {
    case 'StatefulSet':
      return metadata.labels?.['controller-revision-hash'] === live.status?.updateRevision;
    case 'DaemonSet': {
      const generation = live.metadata.annotations?.['deprecated.daemonset.template.generation'];
      return generation === undefined || metadata.labels?.['pod-template-generation'] === generation;
    }
    case 'Job':
    case 'Deployment':
      return true;
  }
}

function isOwnedBy(metadata: ObjectMetadata, uid: string | undefined): boolean {
  return uid !== undefined && metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
}

function podPath(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/pods`;
}

function replicaSetPath(namespace: string): string {
  return `/apis/apps/v1/namespaces/${namespace}/replicasets`;
}

function jobFailed(name: string, reason: string): Failure {
  return new Failure({
    code: 'job-failed',
    fault: 'app',
    summary: `The Job ${name} failed: ${reason}.`,
    evidence: [reason],
    nextSteps: ['Read its log: `vapp logs`.'],
  });
}
