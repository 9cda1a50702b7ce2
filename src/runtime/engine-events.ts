import { K3D_LABEL, objectNames } from './names';

/** An event of the engine, as its API writes it. */
export interface EngineEvent {
  readonly Type?: string;
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Readonly<Record<string, string>> };
}

/**
 * Filters of the engine's events that leave those by which the state of a runtime can change. A label is not among
 * them: the engine tells no labels of volumes, and a volume marks a cluster as complete.
 */
export const ENGINE_EVENT_FILTERS: Readonly<Record<string, readonly string[]>> = {
  type: ['container', 'volume'],
  event: ['create', 'start', 'die', 'pause', 'unpause', 'rename', 'destroy'],
};

/** Whether an event is about a part of the cluster; the counterpart of `readEngineObjects`. */
export function concernsCluster({ Type, Actor }: EngineEvent, cluster: string): boolean {
  const names = objectNames(cluster);
  if (Type === 'volume') return Actor?.ID === names.completionMark;
  const { [K3D_LABEL.cluster]: of, name } = Actor?.Attributes ?? {};
  return of === cluster || name === names.registry;
}
