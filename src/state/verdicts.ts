import { isDeepStrictEqual } from 'node:util';
import type { Failure, PodSurroundings } from '../base';
import type { AppJudges } from '../deploy';
import type { App } from '../project';
import type { PodFacts, ServiceFacts, WorkloadFacts } from './cluster-facts';

/** What says of an app's objects why they do not do what they are to do, and which value of its chart decides it. */
export type JudgesOf = (app: App) => AppJudges;

interface Verdict {
  readonly app: App;
  readonly surroundings: PodSurroundings;
  readonly failure: Failure | undefined;
}

/** After so long nobody waits for a pod to become ready, milliseconds: as a rollout does by default. */
const PATIENCE_MS = 120_000;

/** Why pods can never become ready. A pod is judged anew only when it, what is known beside it, or its app has changed. */
export class Verdicts {
  /** The facts of a pod are the same object for as long as nothing of it has changed. */
  private readonly known = new WeakMap<PodFacts, Verdict>();
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

  /** Why a pod can never become ready. */
  of(app: App, pod: PodFacts, around: Omit<PodSurroundings, 'timeUp' | 'lastWords'>): Failure | undefined {
    if (!this.judgesOf || pod.details.ready || pod.details.deleting) return undefined;
    const surroundings = { ...around, timeUp: this.isTimeUp(pod) };
    const before = this.known.get(pod);
    if (before?.app === app && isDeepStrictEqual(before.surroundings, surroundings)) return before.failure;
    const failure = this.judgesOf(app).judge(pod.object, surroundings);
    this.known.set(pod, { app, surroundings, failure });
    return failure;
  }

  /** Why a workload gets no pods. */
  ofRefusal(app: App, { progress: { kind, name }, refusal }: WorkloadFacts): Failure | undefined {
    if (refusal === undefined) return undefined;
    return this.judgesOf?.(app).refusal(`${kind} ${name}`, [{ reason: 'FailedCreate', message: refusal }]);
  }

  /** Why a Service leads nowhere. @param pods of any namespaces. */
  ofService(app: App, service: ServiceFacts, pods: readonly PodFacts[]): Failure | undefined {
    const reachable = pods.filter(({ namespace, details }) => namespace === service.namespace && !details.deleting);
    const objects = reachable.map(({ object }) => object);
    return this.judgesOf?.(app).serviceJudge(service.object, objects)?.failure;
  }

  private isTimeUp({ unreadySince }: PodFacts): boolean {
    const rest = Date.parse(unreadySince) + PATIENCE_MS - this.now();
    if (rest > 0) this.next = Math.min(this.next, rest);
    return rest <= 0;
  }
}
