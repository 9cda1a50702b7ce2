import type { KubeWarning } from '../base';
import { Reflector, type WatchableApi } from '../tools';
import type { EventObject } from './objects';

/** What is remembered of a warning. */
interface Recorded extends KubeWarning {
  /** Uid of the object that it is about. */
  readonly about: string;
  /** RFC 3339. */
  readonly at: string;
  /** A warning that happens again is the same object in another version. */
  readonly version: string;
}

/** So many of one object are looked at, the newest. */
const MAX_OF_ONE = 20;

/** The warnings that Kubernetes records in some namespaces, kept current. */
export class Warnings {
  private readonly reflectors: readonly Reflector<Recorded>[];
  private before: ReadonlySet<string> | undefined;
  /** By the object that they are about, oldest first; undefined when something has changed since. */
  private grouped: ReadonlyMap<string, readonly Recorded[]> | undefined;

  /** @param kind of the objects that they are about, e.g. `Pod`; default: all. */
  constructor(api: WatchableApi, namespaces: readonly string[], kind?: string) {
    const fieldSelector = ['type=Warning', ...(kind === undefined ? [] : [`involvedObject.kind=${kind}`])].join();
    this.reflectors = namespaces.map(
      (namespace) =>
        new Reflector(api, `/api/v1/namespaces/${namespace}/events`, recorded, { query: { fieldSelector } }),
    );
  }

  get synced(): boolean {
    return this.reflectors.every(({ synced }) => synced);
  }

  /** Follows until the signal fires, and then rejects with Cancelled; fails as {@link Reflector} does. */
  async follow(onChange: () => void, signal: AbortSignal): Promise<void> {
    const changed = () => {
      this.grouped = undefined;
      onChange();
    };
    await Promise.all(this.reflectors.map((reflector) => reflector.follow(changed, signal)));
  }

  /** From now on, what has been recorded until now is old. */
  begin(): void {
    this.before ??= new Set(this.all().map(({ version }) => version));
  }

  /** Of the object with a uid, oldest first. */
  of(uid: string | undefined): readonly KubeWarning[] {
    return this.about(uid).map(warningOf);
  }

  /** As {@link of}, without what was recorded before {@link begin}. */
  newOf(uid: string | undefined): readonly KubeWarning[] {
    return this.about(uid)
      .filter(({ version }) => this.before?.has(version) !== true)
      .map(warningOf);
  }

  private about(uid: string | undefined): readonly Recorded[] {
    this.grouped ??= groups(this.all());
    return uid === undefined ? [] : (this.grouped.get(uid) ?? []);
  }

  private all(): Recorded[] {
    return this.reflectors.flatMap(({ objects }) => [...objects.values()]);
  }
}

function groups(all: readonly Recorded[]): ReadonlyMap<string, readonly Recorded[]> {
  const byObject = new Map<string, Recorded[]>();
  for (const one of [...all].sort((a, b) => a.at.localeCompare(b.at))) {
    const some = byObject.get(one.about);
    if (some) some.push(one);
    else byObject.set(one.about, [one]);
  }
  return new Map([...byObject].map(([uid, some]) => [uid, some.slice(-MAX_OF_ONE)]));
}

/** Older and newer components write different fields for the time. */
function recorded(object: unknown): Recorded {
  const { metadata, reason = 'Warning', message = '', involvedObject, ...times } = object as EventObject;
  return {
    reason,
    message,
    about: involvedObject?.uid ?? '',
    at: times.lastTimestamp ?? times.series?.lastObservedTime ?? times.eventTime ?? metadata.creationTimestamp ?? '',
    version: `${metadata.uid ?? ''}/${metadata.resourceVersion ?? ''}`,
  };
}

function warningOf({ reason, message }: Recorded): KubeWarning {
  return { reason, message };
}
