import type { PodObject } from './objects';
import { isReady, restartsOf, unprobedContainers } from './pods';

/**
 * How long a new pod that nothing probes must run before it counts, milliseconds. The kubelet looks once a second for
 * what has started or ended (`plegRelistPeriod` of its generic PLEG), so what it tells of an app that ran for one second
 * comes one or two seconds after it told of its start: measured, 1.0 s and, in one case of 40, 2.0 s. With 24 processes at
 * two cores and the disk it takes more than three in 2 cases of 30; see {@link EndListener}.
 */
export const PROBATION_MS = 3000;

/** Whether a container of the pod that nothing probes has ended; settles with that, or when it cannot be known. */
export type EndListener = (pod: PodObject) => Promise<boolean>;

/**
 * The pods that are ready for no other reason than that they run. An app that ends at once is ready for a moment, too,
 * so each run has to last before it counts. It is counted from when the pod was first seen ready, not from when its
 * workload was complete: `minReadySeconds` of a workload passes meanwhile.
 *
 * A kubelet that is busy tells of an end late, so whether the run lasts is listened for, too. Where an end was heard, the
 * probation begins anew: either the kubelet tells of it meanwhile, or what was heard was no end.
 */
export class Probation {
  /** The moments of `performance.now()` at which runs were first seen ready. */
  private readonly since = new Map<string, number>();

  constructor(private readonly ended: EndListener) {}

  /**
   * Tells how long these pods still have to last, milliseconds; 0 when none has to.
   *
   * @param pods those of the new revision that are to stay, without those that were ready before.
   */
  rest(pods: readonly PodObject[], now: number): number {
    const rests = pods.filter(hasToProveItself).map((pod) => {
      if (!isReady(pod)) return PROBATION_MS;
      const run = `${pod.metadata.uid ?? ''}/${restartsOf(pod)}`;
      const since = this.since.get(run) ?? this.begin(run, pod, now);
      return Math.max(0, since + PROBATION_MS - now);
    });
    return Math.max(0, ...rests);
  }

  private begin(run: string, pod: PodObject, now: number): number {
    this.since.set(run, now);
    void this.ended(pod).then((ended) => {
      if (ended) this.since.delete(run);
    });
    return now;
  }
}

/** A pod that has ended for good, done or evicted, is not waited for: what it stood for is another's now. */
function hasToProveItself(pod: PodObject): boolean {
  const { phase } = pod.status ?? {};
  return unprobedContainers(pod).length > 0 && phase !== 'Succeeded' && phase !== 'Failed';
}
