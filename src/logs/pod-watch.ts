import type { V1Pod, V1PodList, V1Status } from '@kubernetes/client-node';
import { sleep } from '../base';
import { ApiRefused, ApiUnavailable, parseJson, type ApiClient } from './api-client';
import { podPath } from './pods';

export interface PodListener {
  /** @param initial the pod was already there when the watch began. */
  seen(pod: V1Pod, initial: boolean): void;
  /** @param last its last state, unless that was missed. */
  gone(uid: string, last?: V1Pod): void;
}

type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: V1Pod }
  | { readonly type: 'BOOKMARK'; readonly object: V1Pod }
  | { readonly type: 'ERROR'; readonly object: V1Status };

/** The server ends a watch after this long, so that a connection that silently died is noticed a little later. */
const WATCH_SECONDS = 240;
const WATCH_GRACE_MS = 15_000;
const MAX_EVENT_BYTES = 16 * 1024 * 1024;
const SHORTEST_WATCH_MS = 200;
const GONE = 410;

/** Watches the pods of one label selector: lists them, then follows changes; lists again where history is lost. */
export class PodWatch {
  private readonly known = new Set<string>();
  private listed = false;

  constructor(
    private readonly api: ApiClient,
    private readonly namespace: string,
    private readonly labelSelector: string,
    private readonly listener: PodListener,
    private readonly signal: AbortSignal,
  ) {}

  /** Tells the listener of all pods there are. @throws ApiUnavailable, ApiRefused, Cancelled. */
  async list(): Promise<string> {
    const { items, metadata } = await this.api.json<V1PodList>(podPath(this.namespace), {
      labelSelector: this.labelSelector,
    });
    const present = new Set(items.map((pod) => pod.metadata?.uid ?? ''));
    for (const uid of [...this.known]) if (!present.has(uid)) this.forget(uid);
    for (const pod of items) this.remember(pod, !this.listed);
    this.listed = true;
    return metadata?.resourceVersion ?? '0';
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
    try {
      const { body } = await this.api.persist(() =>
        this.api.open(podPath(this.namespace), {
          labelSelector: this.labelSelector,
          watch: true,
          allowWatchBookmarks: true,
          resourceVersion,
          timeoutSeconds: WATCH_SECONDS,
        }),
      );
      const overdue = setTimeout(() => body.destroy(), WATCH_SECONDS * 1000 + WATCH_GRACE_MS);
      try {
        for await (const event of jsonLines<WatchEvent>(this.api.chunks(body))) {
          if (event.type === 'ERROR') return undefined;
          version = event.object.metadata?.resourceVersion ?? version;
          this.take(event);
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

  private take(event: Exclude<WatchEvent, { type: 'ERROR' }>): void {
    if (event.type === 'BOOKMARK') return;
    if (event.type === 'DELETED') this.forget(event.object.metadata?.uid ?? '', event.object);
    else this.remember(event.object, false);
  }

  private remember(pod: V1Pod, initial: boolean): void {
    this.known.add(pod.metadata?.uid ?? '');
    this.listener.seen(pod, initial);
  }

  private forget(uid: string, last?: V1Pod): void {
    this.known.delete(uid);
    this.listener.gone(uid, last);
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
