import { isDeepStrictEqual } from 'node:util';
import type { Failure, KubeWarning, PodSurroundings } from '../base';
import type { AppJudges } from '../deploy';
import type { App } from '../project';
import type { ClusterFacts, PodFacts, ServiceFacts, WorkloadFacts } from './cluster-facts';
import { share } from './share';
import type { PodPicture } from './types';

/** What says of an app's objects why they do not do what they are to do, and which value of its chart decides it. */
export type JudgesOf = (app: App) => AppJudges;

/** What is known beside all pods of an app. */
export type AppSurroundings = Required<Pick<PodSurroundings, 'othersLeave' | 'taints'>>;

interface Verdict {
  readonly app: App;
  readonly pod: PodFacts;
  readonly around: AppSurroundings;
  readonly warnings: readonly KubeWarning[];
  readonly timeUp: boolean;
  /** The pod with what came of it. */
  readonly picture: PodPicture;
}

interface ServiceVerdict {
  readonly app: App;
  readonly pods: readonly PodFacts[];
  readonly failure: Failure | undefined;
}

/** After so long nobody waits for a pod to become ready, milliseconds: as a rollout does by default. */
const PATIENCE_MS = 120_000;

/**
 * Why pods can never become ready. A pod is judged anew only when it, what is known beside it, or its app has changed:
 * that nothing has, shows by identity, so that of many pods it costs next to nothing.
 */
export class Verdicts {
  private readonly known = new WeakMap<PodFacts['identity'], Verdict>();
  private readonly knownOfServices = new WeakMap<ServiceFacts, ServiceVerdict>();
  private readonly surroundings = new WeakMap<App, AppSurroundings>();
  private next = Infinity;

  constructor(
    private readonly judgesOf: JudgesOf | undefined,
    private readonly now = Date.now,
  ) {}

  /** Milliseconds until a pod may have to be judged anew although nothing has changed; infinite when none has. */
  takeDue(): number {
    const { next } = this;
    this.next = Infinity;
    return next;
  }

  /** An app's pods with why each can never become ready; the same objects of those that are judged as before. */
  pictures(
    app: App,
    pods: readonly PodFacts[],
    around: AppSurroundings,
    warningsOf: ClusterFacts['warningsOf'],
  ): PodPicture[] {
    const surroundings = share(this.surroundings.get(app), around);
    this.surroundings.set(app, surroundings);
    const now = this.now();
    return pods.map((pod) => {
      const isJudged = this.judgesOf !== undefined && !pod.details.ready && !pod.details.deleting;
      return isJudged ? this.judged(app, pod, surroundings, warningsOf(pod.identity.uid), now) : pod.details;
    });
  }

  /** Why a workload gets no pods. */
  ofRefusal(app: App, { progress: { kind, name }, refusal }: WorkloadFacts): Failure | undefined {
    if (refusal === undefined) return undefined;
    return this.judgesOf?.(app).refusal(`${kind} ${name}`, [{ reason: 'FailedCreate', message: refusal }]);
  }

  /** Why a Service leads nowhere. @param pods of any namespaces. */
  ofService(app: App, service: ServiceFacts, pods: readonly PodFacts[]): Failure | undefined {
    const reachable = pods.filter(({ namespace, details }) => namespace === service.namespace && !details.deleting);
    const before = this.knownOfServices.get(service);
    if (before?.app === app && sameEndpoints(before.pods, reachable)) return before.failure;
    const objects = reachable.map(({ object }) => object);
    const failure = this.judgesOf?.(app).serviceJudge(service.object, objects)?.failure;
    this.knownOfServices.set(service, { app, pods: reachable, failure });
    return failure;
  }

  private judged(
    app: App,
    pod: PodFacts,
    around: AppSurroundings,
    warnings: readonly KubeWarning[],
    now: number,
  ): PodPicture {
    const timeUp = this.isTimeUp(pod, now);
    const before = this.known.get(pod.identity);
    const asBefore = before?.app === app && before.pod === pod && before.timeUp === timeUp && before.around === around;
    if (asBefore && isDeepStrictEqual(before.warnings, warnings)) return before.picture;
    const failure = this.judgesOf?.(app).judge(pod.object, { ...around, warnings, timeUp });
    const picture = failure ? share(before?.picture, { ...pod.details, failure }) : pod.details;
    this.known.set(pod.identity, { app, pod, around, warnings, timeUp, picture });
    return picture;
  }

  private isTimeUp({ unreadySince }: PodFacts, now: number): boolean {
    const rest = unreadySince + PATIENCE_MS - now;
    if (rest > 0) this.next = Math.min(this.next, rest);
    return rest <= 0;
  }
}

/** Whether a Service cannot tell these pods from those. */
function sameEndpoints(before: readonly PodFacts[], after: readonly PodFacts[]): boolean {
  return (
    before.length === after.length &&
    after.every((pod, index) => {
      const other = before[index];
      return other === pod || (other?.endpoint === pod.endpoint && other.details.name === pod.details.name);
    })
  );
}
