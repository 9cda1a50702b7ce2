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
  /** Of any namespace, as are those that it is compared with. */
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
  ): readonly PodPicture[] {
    const surroundings = share(this.surroundings.get(app), around);
    this.surroundings.set(app, surroundings);
    const now = this.now();
    const pictures: PodPicture[] = [];
    // Most of many pods are ready; for those nothing is called.
    for (const pod of pods) {
      const { details } = pod;
      if (this.judgesOf === undefined || details.ready || details.deleting) pictures.push(details);
      else pictures.push(this.judged(app, pod, surroundings, warningsOf(pod.identity.uid), now));
    }
    return pictures;
  }

  /** Why a workload gets no pods. */
  ofRefusal(app: App, { progress: { kind, name }, refusal }: WorkloadFacts): Failure | undefined {
    if (refusal === undefined) return undefined;
    return this.judgesOf?.(app).refusal(`${kind} ${name}`, [{ reason: 'FailedCreate', message: refusal }]);
  }

  /** Why a Service leads nowhere. @param pods of any namespaces. */
  ofService(app: App, service: ServiceFacts, pods: readonly PodFacts[]): Failure | undefined {
    const before = this.knownOfServices.get(service);
    if (before?.app === app && sameEndpoints(before.pods, pods)) {
      // Newest pods are told from those to come by identity.
      this.knownOfServices.set(service, { ...before, pods });
      return before.failure;
    }
    const reachable = pods.filter(({ namespace, details }) => namespace === service.namespace && !details.deleting);
    const objects = reachable.map(({ object }) => object);
    const failure = this.judgesOf?.(app).serviceJudge(service.object, objects)?.failure;
    this.knownOfServices.set(service, { app, pods, failure });
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
  if (before.length !== after.length) return false;
  for (let index = 0; index < after.length; index += 1) {
    const pod = after[index];
    const other = before[index];
    if (pod !== other && !(pod && other && sameEndpoint(pod, other))) return false;
  }
  return true;
}

function sameEndpoint(a: PodFacts, b: PodFacts): boolean {
  return a.endpoint === b.endpoint && a.details.name === b.details.name && a.details.deleting === b.details.deleting;
}
