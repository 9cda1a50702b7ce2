import { isCancelled, sleep } from '../base';
import { KubeApiFailure, type KubeApi, type KubeQuery, type WatchEvent } from '../tools';
import type { KubeObject } from './objects';

/**
 * The live objects of one kind, kept current by a list and a watch. A watch that breaks is taken up where it ended, and
 * starts over with a list when the server has forgotten that point.
 */
export class Collection<T extends KubeObject> {
  /** By uid. */
  readonly objects = new Map<string, T>();
  private listed = false;

  constructor(
    private readonly api: KubeApi,
    private readonly path: string,
    private readonly query: KubeQuery = {},
  ) {}

  /** Whether the objects have been listed at least once. */
  get synced(): boolean {
    return this.listed;
  }

  /** The object of that name, if it is there and not about to go. */
  named(name: string): T | undefined {
    return [...this.objects.values()].find(
      ({ metadata }) => metadata.name === name && metadata.deletionTimestamp === undefined,
    );
  }

  /**
   * Follows until the signal fires; then it rejects with Cancelled.
   *
   * @throws KubeApiFailure when the server refuses, Failure `cluster-unreachable` when it is gone for {@link PATIENCE_MS}.
   */
  async follow(onChange: () => void, signal: AbortSignal): Promise<never> {
    let resumeAt: string | undefined;
    let lastAnswer = performance.now();
    for (let attempt = 0; ; attempt++) {
      try {
        resumeAt ??= await this.list(onChange, signal);
        const event = (change: WatchEvent) => {
          lastAnswer = performance.now();
          attempt = 0;
          resumeAt = this.apply(change) ?? resumeAt;
          if (change.type !== 'BOOKMARK') onChange();
        };
        const query = { ...this.query, resourceVersion: resumeAt, allowWatchBookmarks: true };
        await this.api.watch(this.path, query, event, signal);
        lastAnswer = performance.now();
      } catch (error) {
        if (isCancelled(error, signal)) throw error;
        if (error instanceof KubeApiFailure) {
          if (error.status === 410) resumeAt = undefined;
          else if (error.status < 500 && error.status !== 429) throw error;
        }
        if (performance.now() - lastAnswer > PATIENCE_MS) throw error;
      }
      await sleep(Math.min(50 * 2 ** Math.min(attempt, 6), 2000), signal);
    }
  }

  private async list(onChange: () => void, signal: AbortSignal): Promise<string> {
    const { items, resourceVersion } = await this.api.list<T>(this.path, this.query, signal);
    this.objects.clear();
    for (const item of items) this.objects.set(item.metadata.uid ?? item.metadata.name, item);
    this.listed = true;
    onChange();
    return resourceVersion;
  }

  /** Takes over one change; returns the version it brought. */
  private apply({ type, object }: WatchEvent): string | undefined {
    if (type === 'ERROR') {
      const { code = 500, reason, message = 'watch ended' } = object as StatusObject;
      throw new KubeApiFailure(code, reason, message, `watch ${this.path}`);
    }
    const item = object as T;
    const uid = item.metadata.uid ?? item.metadata.name;
    if (type === 'DELETED') this.objects.delete(uid);
    else if (type !== 'BOOKMARK') this.objects.set(uid, item);
    return item.metadata.resourceVersion;
  }
}

/** How long the API server may be away before waiting for it makes no sense, milliseconds. */
export const PATIENCE_MS = 30_000;

interface StatusObject {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
}
