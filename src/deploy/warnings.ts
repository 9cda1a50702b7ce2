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
  private readonly byObject = new Map<string, WarningsOfOne>();

  /** @param kind of the objects that they are about, e.g. `Pod`; default: all. */
  constructor(api: WatchableApi, namespaces: readonly string[], kind?: string) {
    const fieldSelector = ['type=Warning', ...(kind === undefined ? [] : [`involvedObject.kind=${kind}`])].join();
    this.reflectors = namespaces.map(
      (namespace) =>
        new Reflector(
          api,
          `/api/v1/namespaces/${namespace}/events`,
          recorded,
          { query: { fieldSelector } },
          (before, after) => this.put(before, after),
        ),
    );
  }

  get synced(): boolean {
    return this.reflectors.every(({ synced }) => synced);
  }

  /** Follows until the signal fires, and then rejects with Cancelled; fails as {@link Reflector} does. */
  async follow(onChange: () => void, signal: AbortSignal): Promise<void> {
    await Promise.all(this.reflectors.map((reflector) => reflector.follow(onChange, signal)));
  }

  /** From now on, what has been recorded until now is old. */
  begin(): void {
    const all = this.reflectors.flatMap(({ objects }) => [...objects.values()]);
    this.before ??= new Set(all.map(({ version }) => version));
  }

  /** Of the object with a uid, oldest first: the same list for as long as nothing of it has changed. */
  of(uid: string | undefined): readonly KubeWarning[] {
    return this.about(uid)?.warnings ?? NONE;
  }

  /** As {@link of}, without what was recorded before {@link begin}. */
  newOf(uid: string | undefined): readonly KubeWarning[] {
    const newest = this.about(uid)?.recorded.slice(-MAX_OF_ONE) ?? [];
    return newest.filter(({ version }) => this.before?.has(version) !== true).map(warningOf);
  }

  private about(uid: string | undefined): WarningsOfOne | undefined {
    return uid === undefined ? undefined : this.byObject.get(uid);
  }

  /** Takes over a change of one warning, which touches those of its object alone. */
  private put(before: Recorded | undefined, after: Recorded | undefined): void {
    if (before) this.change(before.about, (some) => some.filter((one) => one !== before));
    if (after) this.change(after.about, (some) => [...some, after].sort((a, b) => a.at.localeCompare(b.at)));
  }

  private change(about: string, change: (some: readonly Recorded[]) => readonly Recorded[]): void {
    const some = change(this.byObject.get(about)?.recorded ?? []);
    if (some.length === 0) this.byObject.delete(about);
    else this.byObject.set(about, { recorded: some, warnings: some.slice(-MAX_OF_ONE).map(warningOf) });
  }
}

/** What is known of one object, oldest first. */
interface WarningsOfOne {
  readonly recorded: readonly Recorded[];
  /** The newest of them. */
  readonly warnings: readonly KubeWarning[];
}

const NONE: readonly KubeWarning[] = [];

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
