import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { throwIfCancelled } from '../base';
import type { ClusterAccess } from './cluster';
import { loadKubeConfig } from './kube';
import { KubeApiFailure, clusterUnreachable, refusal } from './kube-failure';
import { KubeStream, isObject, isRecord, parseJson, transportFailure, type WatchEvent } from './kube-stream';

export { KubeApiFailure, clusterUnreachable } from './kube-failure';
export { KubeStream, type WatchEvent } from './kube-stream';

/** Query parameters of the Kubernetes API; undefined ones are left out. */
export type KubeQuery = Readonly<Record<string, string | number | boolean | undefined>>;

/** HTTP headers of a request, such as the `accept` that asks for metadata only. */
export type KubeHeaders = Readonly<Record<string, string>>;

export interface KubeList<T> {
  readonly items: readonly T[];
  /** Where a watch goes on from. */
  readonly resourceVersion: string;
}

export interface KubeRequestOptions {
  readonly signal?: AbortSignal | undefined;
  readonly headers?: KubeHeaders | undefined;
  /** How long the server may be silent before the head of its answer, milliseconds. Default: 15 s. */
  readonly answerTimeoutMs?: number | undefined;
}

/**
 * Plain requests to one cluster's API server over kept-alive connections. Objects arrive exactly as the server writes
 * them, timestamps as text, in lists and in watches alike. The client library reads the kubeconfig and the
 * credentials; its own requests open a TLS session each, its watch cannot be ended before the server has answered, and
 * its logs do not wait for a slow reader.
 *
 * Whoever opens one closes it.
 */
export class KubeApi {
  private readonly agents: Readonly<Record<string, HttpAgent>> = {
    'http:': new HttpAgent({ keepAlive: true }),
    'https:': new HttpsAgent({ keepAlive: true }),
  };

  private constructor(
    private readonly access: ClusterAccess,
    private endpoint: Endpoint,
  ) {}

  /** @throws Failure `kubeconfig-unreadable`. */
  static async open(access: ClusterAccess): Promise<KubeApi> {
    return new KubeApi(access, await readEndpoint(access));
  }

  /**
   * Reads the kubeconfig again: a cluster that was restarted may have a new address and new credentials. Streams that
   * are open go on.
   *
   * @throws Failure `kubeconfig-unreadable`; the old settings stay then.
   */
  async reload(): Promise<void> {
    this.endpoint = await readEndpoint(this.access);
  }

  /** Ends all requests and closes the connections. */
  close(): void {
    for (const agent of Object.values(this.agents)) agent.destroy();
  }

  /** @throws KubeApiFailure, Failure `cluster-unreachable`, Cancelled. */
  async get<T>(path: string, query: KubeQuery = {}, signal?: AbortSignal, headers?: KubeHeaders): Promise<T> {
    const text = await this.bytes(path, query, { signal, headers });
    return parseJson(text.toString('utf8'), this.endpoint.server.origin) as T;
  }

  /** Like {@link get}, for answers that are no JSON, such as logs. */
  async text(path: string, query: KubeQuery = {}, signal?: AbortSignal): Promise<string> {
    return (await this.bytes(path, query, { signal })).toString('utf8');
  }

  /** Like {@link get}, for answers that are no text. */
  async bytes(path: string, query: KubeQuery = {}, options: KubeRequestOptions = {}): Promise<Buffer> {
    const stream = await this.send('GET', path, query, options, ANSWER_TIMEOUT_MS);
    return stream.bytes(MAX_BODY_BYTES);
  }

  /**
   * Sends a GET and resolves with the body as soon as the server begins to answer. The body may take as long as it
   * likes.
   *
   * @throws KubeApiFailure, Failure `cluster-unreachable`, Cancelled.
   */
  async stream(path: string, query: KubeQuery = {}, options: KubeRequestOptions = {}): Promise<KubeStream> {
    return this.send('GET', path, query, options, UNLIMITED);
  }

  /** @param headers e.g. `accept: application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1`. */
  async list<T>(
    path: string,
    query: KubeQuery = {},
    signal?: AbortSignal,
    headers?: KubeHeaders,
  ): Promise<KubeList<T>> {
    const list = await this.get<unknown>(path, query, signal, headers);
    if (isList(list))
      return { items: (list.items ?? []) as T[], resourceVersion: list.metadata?.resourceVersion ?? '' };
    throw clusterUnreachable(this.endpoint.server.origin, new Error('the answer is not a list of objects'));
  }

  /** Deletes one object; that it is gone already is no failure. */
  async delete(path: string, signal?: AbortSignal, query: KubeQuery = {}): Promise<void> {
    try {
      const stream = await this.send('DELETE', path, query, { signal }, ANSWER_TIMEOUT_MS);
      await stream.bytes(MAX_BODY_BYTES);
    } catch (error) {
      if (!(error instanceof KubeApiFailure && error.status === 404)) throw error;
    }
  }

  /** Changes one object by a JSON patch (RFC 6902). @throws KubeApiFailure, Failure `cluster-unreachable`, Cancelled. */
  async patch(
    path: string,
    operations: readonly unknown[],
    signal?: AbortSignal,
    query: KubeQuery = {},
  ): Promise<void> {
    const body = Buffer.from(JSON.stringify(operations));
    const options = { signal, headers: { 'content-type': 'application/json-patch+json' }, body };
    const stream = await this.send('PATCH', path, query, options, ANSWER_TIMEOUT_MS);
    await stream.bytes(MAX_BODY_BYTES);
  }

  /** Sends a body, through the proxy to a pod for example. @throws like {@link get}. */
  async post(path: string, body: Buffer, options: KubeRequestOptions = {}): Promise<Buffer> {
    const stream = await this.send('POST', path, {}, { ...options, body }, ANSWER_TIMEOUT_MS);
    return stream.bytes(MAX_BODY_BYTES);
  }

  /**
   * Hands on the events of a watch until the server ends it.
   *
   * @param headers e.g. `accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1`.
   * @throws KubeApiFailure (410: start again with a list), Failure `cluster-unreachable`, Cancelled.
   */
  async watch(
    path: string,
    query: KubeQuery,
    onEvent: (event: WatchEvent) => void,
    signal: AbortSignal,
    headers?: KubeHeaders,
  ): Promise<void> {
    const stream = await this.stream(path, { ...query, watch: true }, { signal, headers });
    for await (const event of stream.events()) onEvent(event);
  }

  private async send(
    method: Method,
    path: string,
    query: KubeQuery,
    options: SendOptions,
    bodyTimeoutMs: number,
  ): Promise<KubeStream> {
    const { signal } = options;
    throwIfCancelled(signal);
    const url = urlOf(this.endpoint.server, path, query);
    const response = await this.exchange({ method, url, options, bodyTimeoutMs });
    const stream = new KubeStream(response, url.origin, signal);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return stream;
    const body = await stream.bytes(MAX_BODY_BYTES);
    throw refusal(status, body.toString('utf8'), `${method} ${url.pathname}`);
  }

  private exchange(exchange: Exchange, attempt = 1): Promise<IncomingMessage> {
    const { method, url, options, bodyTimeoutMs } = exchange;
    const { signal, answerTimeoutMs = ANSWER_TIMEOUT_MS } = options;
    const { settings } = this.endpoint;
    return new Promise((resolve, reject) => {
      const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
        ...settings,
        method,
        headers: {
          ...(settings.headers as OutgoingHttpHeaders),
          ...options.headers,
          ...(options.body ? { 'content-length': options.body.length } : {}),
        },
        agent: this.agents[url.protocol],
        ...(signal ? { signal } : {}),
      });
      let silenceMs = answerTimeoutMs;
      let answered = false;
      request.setTimeout(answerTimeoutMs, () => {
        request.destroy(Object.assign(new Error(`no answer within ${silenceMs / 1000} s`), { code: 'ETIMEDOUT' }));
      });
      request.once('response', (response) => {
        answered = true;
        silenceMs = bodyTimeoutMs;
        request.setTimeout(bodyTimeoutMs);
        resolve(response);
      });
      request.on('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS));
      // Not `once`: an error may follow the one that settled the promise, and would be thrown if nobody listened.
      request.on('error', (error: NodeJS.ErrnoException) => {
        // The server may close a kept connection just as we take it; the request never reached it then.
        const unsent = request.reusedSocket && error.code === 'ECONNRESET' && !answered;
        if (unsent && attempt === 1 && !signal?.aborted) {
          this.exchange(exchange, 2).then(resolve, reject);
        } else {
          reject(transportFailure(error, url.origin, signal));
        }
      });
      request.end(options.body);
    });
  }
}

/** Where a cluster's API is, and how to log in. */
interface Endpoint {
  readonly server: URL;
  readonly settings: RequestOptions;
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

type SendOptions = KubeRequestOptions & { readonly body?: Buffer };

interface Exchange {
  readonly method: Method;
  readonly url: URL;
  readonly options: SendOptions;
  /** How long the body may pause, milliseconds. */
  readonly bodyTimeoutMs: number;
}

const ANSWER_TIMEOUT_MS = 15_000;
const KEEP_ALIVE_MS = 15_000;
const UNLIMITED = 0;
const MAX_BODY_BYTES = 256 * 1024 * 1024;

async function readEndpoint(access: ClusterAccess): Promise<Endpoint> {
  const config = await loadKubeConfig(access);
  const settings: RequestOptions = {};
  await config.applyToHTTPSOptions(settings);
  return { server: new URL(config.getCurrentCluster()?.server ?? 'https://localhost'), settings };
}

/** What a list must be like. */
interface ListAnswer {
  readonly metadata?: { readonly resourceVersion?: string };
  /** Of an empty list some servers write `null`. */
  readonly items?: readonly unknown[] | null;
}

function isList(answer: unknown): answer is ListAnswer {
  if (!isRecord(answer)) return false;
  const { metadata = {}, items } = answer;
  const hasVersion = isRecord(metadata) && ['string', 'undefined'].includes(typeof metadata['resourceVersion']);
  return hasVersion && (Array.isArray(items) ? items.every(isObject) : items === null || items === undefined);
}

function urlOf(server: URL, path: string, query: KubeQuery): URL {
  const url = new URL(server.pathname.replace(/\/$/, '') + path, server);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url;
}
