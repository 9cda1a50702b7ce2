import { isDeepStrictEqual } from 'node:util';
import { selectorOf } from '../deploy';
import type { App } from '../project';
import type { PodFacts, WorkloadFacts } from './cluster-facts';

interface Selection {
  readonly selectors: readonly Pick<WorkloadFacts, 'namespace' | 'selector'>[];
  /** All pods that it was chosen of. */
  readonly all: readonly PodFacts[];
  /** For each of them its place among the chosen, -1 for none. */
  readonly places: readonly number[];
  readonly chosen: readonly PodFacts[];
}

/**
 * Which pods are an app's. Of a cluster with many only those that have changed are looked at; they are told by identity.
 */
export class PodSelection {
  private readonly known = new WeakMap<App, Selection>();

  /** The pods that an app's workloads select, by name; the same list when they are the very same. */
  of(app: App, workloads: readonly WorkloadFacts[], all: readonly PodFacts[]): readonly PodFacts[] {
    const selectors = workloads.map(({ namespace, selector }) => ({ namespace, selector }));
    const before = this.known.get(app);
    const selection =
      (before && isDeepStrictEqual(before.selectors, selectors) ? renewed(before, all) : undefined) ??
      select(selectors, all);
    this.known.set(app, selection);
    return selection.chosen;
  }
}

function select(selectors: Selection['selectors'], all: readonly PodFacts[]): Selection {
  const owners = selectors.map(({ namespace, selector }) => ({ namespace, selects: selectorOf(selector) }));
  const chosen = all
    .filter(({ namespace, labels }) => owners.some((owner) => owner.namespace === namespace && owner.selects(labels)))
    .sort((a, b) => (a.details.name < b.details.name ? -1 : 1));
  const placeOf = new Map(chosen.map((pod, place) => [pod, place]));
  return { selectors, all, places: all.map((pod) => placeOf.get(pod) ?? -1), chosen };
}

/** What was selected, with pods that have changed in the place of what they were. Undefined where others came or went. */
function renewed(before: Selection, all: readonly PodFacts[]): Selection | undefined {
  if (all.length !== before.all.length) return undefined;
  let chosen: PodFacts[] | undefined;
  for (let index = 0; index < all.length; index += 1) {
    const pod = all[index];
    const other = before.all[index];
    if (pod === other) continue;
    if (!pod || pod.identity !== other?.identity || pod.labels !== other.labels) return undefined;
    const place = before.places[index] ?? -1;
    if (place < 0) continue;
    chosen ??= [...before.chosen];
    chosen[place] = pod;
  }
  return { ...before, all, chosen: chosen ?? before.chosen };
}
