import { isDeepStrictEqual } from 'node:util';
import { isCancelled, sleep } from '../base';
import { KubeApiFailure, type KubeApi, type KubeQuery, type WatchEvent } from './kube-api';

/** What following an object takes of it. */
interface ApiObject {
  readonly metadata: { readonly name: string; readonly uid?: string; readonly resourceVersion?: string };
}

/** The part of {@link KubeApi} by which objects are followed. */
export type WatchableApi = Pick<KubeApi, 'list' | 'watch'>;

export interface ReflectorOptions {
  readonly query?: KubeQuery;
  /** The server leaves out everything but the objects' metadata. */
  readonly metadataOnly?: boolean;
  /** How long the API server may be away before {@link Reflector.follow} gives up, milliseconds. */
  readonly patienceMs?: number;
}

/** Hears of a change of one object by what was and what is kept of it; undefined: it was, or is, not there. */
export type KeptChange<T> = (before: T | undefined, after: T | undefined) => void;

/**
 * The live objects of one kind, kept current by a list and a watch, as client-go's reflector does it. A watch that
 * breaks is taken up where it ended, and starts over with a list when the server has forgotten that point. While
 * nothing changes, nothing is asked.
 */
export class Reflector<T> {
  private readonly kept = new Map<string, T>();
  private listed = false;

  /**
   * @param path of the collection, e.g. `/api/v1/namespaces/default/pods`.
   * @param keep what to remember of an object, given what was kept of it before. A change is one of what is kept; whatever
   *   else changes is not told.
   * @param onKept hears of each change, before whoever follows hears that there was one.
   */
  constructor(
    private readonly api: WatchableApi,
    private readonly path: string,
    private readonly keep: (object: unknown, before: T | undefined) => T,
    private readonly options: ReflectorOptions = {},
    private readonly onKept?: KeptChange<T>,
  ) {}

  /** By uid. */
  get objects(): ReadonlyMap<string, T> {
    return this.kept;
  }

  /** Whether the objects have been listed at least once. */
  get synced(): boolean {
    return this.listed;
  }

  /**
   * Follows until the signal fires; then it rejects with Cancelled.
   *
   * @throws KubeApiFailure when the server refuses, Failure `cluster-unreachable` when it is away for too long.
   */
  async follow(onChange: () => void, signal: AbortSignal): Promise<never> {
    const { query = {}, patienceMs = PATIENCE_MS } = this.options;
    let resumeAt: string | undefined;
    let awaySince: number | undefined;
    for (let attempt = 0; ; attempt++) {
      const begun = performance.now();
      try {
        if (resumeAt === undefined) {
          resumeAt = await this.list(onChange, signal);
          awaySince = undefined;
        }
        const event = (change: WatchEvent) => {
          awaySince = undefined;
          attempt = 0;
          const changed = this.apply(change);
          resumeAt = versionOf(change) ?? resumeAt;
          if (changed) onChange();
        };
        await this.api.watch(
          this.path,
          { ...query, resourceVersion: resumeAt, allowWatchBookmarks: true },
          event,
          signal,
          this.accepting('PartialObjectMetadata'),
        );
        awaySince = undefined;
      } catch (error) {
        if (isCancelled(error, signal)) throw error;
        const now = performance.now();
        if (error instanceof KubeApiFailure) {
          if (error.status === 410) resumeAt = undefined;
          else if (error.status < 500 && error.status !== 429) throw error;
        }
        // A watch that broke after a while had been answered, even if nothing happened in it.
        if (awaySince === undefined || now - begun > ANSWERED_MS) awaySince = now;
        if (now - awaySince > patienceMs) throw error;
      }
      await sleep(Math.min(50 * 2 ** Math.min(attempt, 6), 2000), signal);
    }
  }

  private async list(onChange: () => void, signal: AbortSignal): Promise<string> {
    const { query = {} } = this.options;
    const { items, resourceVersion } = await this.api.list<ApiObject>(
      this.path,
      query,
      signal,
      this.accepting('PartialObjectMetadataList'),
    );
    const gone = new Set(this.kept.keys());
    let changed = !this.listed;
    for (const item of items) {
      gone.delete(keyOf(item));
      changed = this.put(item) || changed;
    }
    for (const key of gone) this.remove(key);
    this.listed = true;
    if (changed || gone.size > 0) onChange();
    return resourceVersion;
  }

  private accepting(kind: string): Readonly<Record<string, string>> | undefined {
    return this.options.metadataOnly ? { accept: `application/json;as=${kind};g=meta.k8s.io;v=v1` } : undefined;
  }

  /** Takes over one change; says whether it changed what is kept. */
  private apply({ type, object }: WatchEvent): boolean {
    if (type === 'ERROR') {
      const { code = 500, reason, message = 'watch ended' } = object as StatusObject;
      throw new KubeApiFailure(code, reason, message, `watch ${this.path}`);
    }
    if (type === 'BOOKMARK') return false;
    const item = object as ApiObject;
    return type === 'DELETED' ? this.remove(keyOf(item)) : this.put(item);
  }

  private remove(key: string): boolean {
    const before = this.kept.get(key);
    if (!this.kept.delete(key)) return false;
    this.onKept?.(before, undefined);
    return true;
  }

  private put(item: ApiObject): boolean {
    const key = keyOf(item);
    const before = this.kept.get(key);
    const kept = this.keep(item, before);
    if (this.kept.has(key) && isDeepStrictEqual(before, kept)) return false;
    this.kept.set(key, kept);
    this.onKept?.(before, kept);
    return true;
  }
}

/** How long the API server may be away before waiting for it makes no sense, milliseconds. */
const PATIENCE_MS = 30_000;
/** A refused connection is refused in less, milliseconds. */
const ANSWERED_MS = 1000;

interface StatusObject {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
}

function keyOf({ metadata }: ApiObject): string {
  return metadata.uid ?? metadata.name;
}

function versionOf({ object }: WatchEvent): string | undefined {
  return (object as Partial<ApiObject>).metadata?.resourceVersion;
}
