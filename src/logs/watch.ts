import type { KubernetesObject } from '@kubernetes/client-node';
import { sleep } from '../base';
import type { KubeQuery } from '../tools';
import { isAway, isRefusal, type PatientApi } from './patient-api';

export interface WatchHandler<T> {
  /** The objects there are now; those known before and not among them are gone. */
  listed(items: readonly T[]): void;
  changed(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): void;
}

/** The server ends a watch after this long, so that a connection that silently died is noticed a little later. */
const WATCH_SECONDS = 240;
const WATCH_GRACE_MS = 15_000;
const SHORTEST_WATCH_MS = 200;
const GONE = 410;

/** Lists objects of one kind and follows their changes; lists again where history is lost. */
export class Watch<T extends KubernetesObject> {
  /**
   * @param listQuery narrows the list only.
   */
  constructor(
    private readonly api: PatientApi,
    private readonly path: string,
    private readonly query: KubeQuery,
    private readonly handler: WatchHandler<T>,
    private readonly signal: AbortSignal,
    private readonly listQuery: KubeQuery = {},
  ) {}

  /** Hands the present objects on and returns the version from which to watch. @throws what isAway or isRefusal; Cancelled. */
  async list(): Promise<string> {
    const { items, resourceVersion } = await this.api.list<T>(this.path, { ...this.query, ...this.listQuery });
    this.handler.listed(items);
    return resourceVersion;
  }

  /** Goes on until cancelled. @throws what isRefusal; Cancelled. */
  async run(): Promise<never> {
    for (;;) {
      let version: string | undefined = await this.api.persist(() => this.list());
      while (version !== undefined) {
        const started = performance.now();
        version = await this.watchFrom(version);
        if (performance.now() - started < SHORTEST_WATCH_MS) await sleep(SHORTEST_WATCH_MS, this.signal);
      }
    }
  }

  /** Watches until the connection ends and returns where to go on; undefined: from a new list. */
  private async watchFrom(resourceVersion: string): Promise<string | undefined> {
    let version = resourceVersion;
    const query = {
      ...this.query,
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion,
      timeoutSeconds: WATCH_SECONDS,
    };
    try {
      const stream = await this.api.persist(() => this.api.stream(this.path, query));
      const overdue = setTimeout(() => stream.close(), WATCH_SECONDS * 1000 + WATCH_GRACE_MS);
      try {
        for await (const { type, object } of stream.events()) {
          if (type === 'ERROR') return undefined;
          version = (object as T).metadata?.resourceVersion ?? version;
          if (type !== 'BOOKMARK') this.handler.changed(type, object as T);
        }
      } finally {
        clearTimeout(overdue);
      }
    } catch (error) {
      if (isRefusal(error) && error.status === GONE) return undefined;
      // A connection that broke is opened again; `persist` tells if the API is away.
      if (!isAway(error)) throw error;
    }
    return version;
  }
}
