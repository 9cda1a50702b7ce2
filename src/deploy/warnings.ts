import type { KubeApi } from '../tools';
import { Collection } from './collection';
import type { EventObject } from './objects';
import type { KubeWarning } from './types';

/** The warnings that Kubernetes records in some namespaces, kept current. */
export class Warnings {
  private readonly collections: readonly Collection<EventObject>[];
  private before: ReadonlySet<string> | undefined;

  constructor(api: KubeApi, namespaces: readonly string[]) {
    this.collections = namespaces.map(
      (namespace) =>
        new Collection<EventObject>(api, `/api/v1/namespaces/${namespace}/events`, { fieldSelector: 'type=Warning' }),
    );
  }

  get synced(): boolean {
    return this.collections.every(({ synced }) => synced);
  }

  /** Follows until the signal fires, and then rejects with Cancelled; fails as {@link Collection} does. */
  async follow(onChange: () => void, signal: AbortSignal): Promise<void> {
    await Promise.all(this.collections.map((collection) => collection.follow(onChange, signal)));
  }

  /** From now on, what has been recorded until now is old. */
  begin(): void {
    this.before ??= new Set(this.all().map(versionOf));
  }

  /** Of the object with a uid, oldest first. */
  of(uid: string | undefined): readonly KubeWarning[] {
    return this.about(uid).map(warningOf);
  }

  /** As {@link of}, without what was recorded before {@link begin}. */
  newOf(uid: string | undefined): readonly KubeWarning[] {
    return this.about(uid)
      .filter((event) => this.before?.has(versionOf(event)) !== true)
      .map(warningOf);
  }

  private about(uid: string | undefined): EventObject[] {
    if (uid === undefined) return [];
    return this.all()
      .filter(({ involvedObject }) => involvedObject?.uid === uid)
      .sort((a, b) => timeOf(a).localeCompare(timeOf(b)));
  }

  private all(): EventObject[] {
    return this.collections.flatMap(({ objects }) => [...objects.values()]);
  }
}

/** A warning that happens again is the same object in another version. */
function versionOf({ metadata: { uid = '', resourceVersion = '' } }: EventObject): string {
  return `${uid}/${resourceVersion}`;
}

/** RFC 3339, which sorts as text; older and newer components write different fields. */
function timeOf({ lastTimestamp, series, eventTime, metadata }: EventObject): string {
  return lastTimestamp ?? series?.lastObservedTime ?? eventTime ?? metadata.creationTimestamp ?? '';
}

function warningOf({ reason = 'Warning', message = '' }: EventObject): KubeWarning {
  return { reason, message };
}
