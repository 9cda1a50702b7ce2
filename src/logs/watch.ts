import type { KubernetesListObject, KubernetesObject, V1Status } from '@kubernetes/client-node';
import { sleep } from '../base';
import { ApiRefused, ApiUnavailable, parseJson, type ApiClient, type Query } from './api-client';

type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly object: KubernetesObject }
  | { readonly type: 'ERROR'; readonly object: V1Status };

export interface WatchHandler<T> {
  /** The objects there are now; those known before and not among them are gone. */
  listed(items: readonly T[]): void;
  changed(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): void;
}

/** The server ends a watch after this long, so that a connection that silently died is noticed a little later. */
const WATCH_SECONDS = 240;
const WATCH_GRACE_MS = 15_000;
const SHORTEST_WATCH_MS = 200;
const MAX_EVENT_BYTES = 16 * 1024 * 1024;
const GONE = 410;

/** Lists objects of one kind and follows their changes; lists again where history is lost. */
export class Watch<T extends KubernetesObject> {
  /**
   * @param listQuery narrows the list only.
   */
  constructor(
    private readonly api: ApiClient,
    private readonly path: string,
    private readonly query: Query,
    private readonly handler: WatchHandler<T>,
    private readonly signal: AbortSignal,
    private readonly listQuery: Query = {},
  ) {}

  /** Hands the present objects on and returns the version from which to watch. @throws ApiUnavailable, ApiRefused, Cancelled. */
  async list(): Promise<string> {
    const list = await this.api.json<KubernetesListObject<T>>(this.path, { ...this.query, ...this.listQuery });
    this.handler.listed(list.items);
    return list.metadata?.resourceVersion ?? '0';
  }

  /** Goes on until cancelled. @throws Cancelled, ApiRefused. */
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
      const { body } = await this.api.persist(() => this.api.open(this.path, query));
      const overdue = setTimeout(() => body.destroy(), WATCH_SECONDS * 1000 + WATCH_GRACE_MS);
      try {
        for await (const event of jsonLines<WatchEvent<T>>(this.api.chunks(body))) {
          if (event.type === 'ERROR') return undefined;
          version = event.object.metadata?.resourceVersion ?? version;
          if (event.type !== 'BOOKMARK') this.handler.changed(event.type, event.object);
        }
      } finally {
        clearTimeout(overdue);
      }
    } catch (error) {
      if (error instanceof ApiRefused && error.status === GONE) return undefined;
      // A connection that broke is opened again; `persist` tells if the API is away.
      if (!(error instanceof ApiUnavailable)) throw error;
    }
    return version;
  }
}

/** The objects of a stream of JSON texts, one a line. @throws ApiUnavailable for a line that is none or too long. */
async function* jsonLines<T>(body: AsyncIterable<Buffer>): AsyncGenerator<T, void> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      yield parseJson(Buffer.concat([...parts, chunk.subarray(start, end)])) as T;
      parts = [];
      size = 0;
      start = end + 1;
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
    size += chunk.length - start;
    if (size > MAX_EVENT_BYTES) throw new ApiUnavailable('an event of the watch is too long');
  }
}
