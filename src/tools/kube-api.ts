import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { Cancelled, Failure, throwIfCancelled } from '../base';
import type { ClusterAccess } from './cluster';
import { loadKubeConfig } from './kube';
import { LineSplitter } from './lines';

/** Query parameters of the Kubernetes API; undefined ones are left out. */
export type KubeQuery = Readonly<Record<string, string | number | boolean | undefined>>;

/** One line of a watch, as the API server sends it. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: unknown;
}

export interface KubeList<T> {
  readonly items: readonly T[];
  /** Where a watch goes on from. */
  readonly resourceVersion: string;
}

/** The API server answered, and said no. */
export class KubeApiFailure extends Failure {
  constructor(
    /** The HTTP status. */
    readonly status: number,
    /** Kubernetes' machine-readable reason, e.g. `NotFound`. */
    readonly reason: string | undefined,
    message: string,
    request: string,
  ) {
    super({
      code: 'kubernetes-refused',
      fault: 'environment',
      summary: `Kubernetes refused a request (${status}): ${message}`,
      evidence: [request],
    });
    this.name = 'KubeApiFailure';
  }
}

/**
 * Plain requests to one cluster's API server over kept-alive connections. Objects arrive exactly as the server writes
 * them, timestamps as text, in lists and in watches alike. The client library reads the kubeconfig and the
 * credentials; its own requests open a TLS session each, and its watch cannot be ended before the server has answered.
 *
 * Whoever opens one closes it.
 */
export class KubeApi {
  private constructor(
    private readonly server: URL,
    private readonly options: RequestOptions,
    private readonly agent: Agent,
  ) {}

  /** @throws Failure `kubeconfig-unreadable`. */
  static async open(access: ClusterAccess): Promise<KubeApi> {
    const config = await loadKubeConfig(access);
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    const server = new URL(config.getCurrentCluster()?.server ?? 'https://localhost');
    return new KubeApi(server, options, new Agent({ keepAlive: true }));
  }

  /** Ends all requests and closes the connections. */
  close(): void {
    this.agent.destroy();
  }

  /** @throws KubeApiFailure, Failure `cluster-unreachable`, Cancelled. */
  async get<T>(path: string, query: KubeQuery = {}, signal?: AbortSignal): Promise<T> {
    return JSON.parse(await this.text(path, query, signal)) as T;
  }

  /** Like {@link get}, for answers that are no JSON, such as logs. */
  async text(path: string, query: KubeQuery = {}, signal?: AbortSignal): Promise<string> {
    return this.requestText('GET', path, query, signal);
  }

  async list<T>(path: string, query: KubeQuery = {}, signal?: AbortSignal): Promise<KubeList<T>> {
    const list = await this.get<{ metadata?: { resourceVersion?: string }; items?: T[] }>(path, query, signal);
    return { items: list.items ?? [], resourceVersion: list.metadata?.resourceVersion ?? '' };
  }

  /** Deletes one object; that it is gone already is no failure. */
  async delete(path: string, signal?: AbortSignal): Promise<void> {
    try {
      await this.requestText('DELETE', path, {}, signal);
    } catch (error) {
      if (!(error instanceof KubeApiFailure && error.status === 404)) throw error;
    }
  }

  /**
   * Hands on the events of a watch until the server ends it.
   *
   * @throws KubeApiFailure (410: start again with a list), Failure `cluster-unreachable`, Cancelled.
   */
  async watch(path: string, query: KubeQuery, onEvent: (event: WatchEvent) => void, signal: AbortSignal) {
    const response = await this.send('GET', path, { ...query, watch: true }, signal, undefined);
    const lines = new LineSplitter((line) => {
      if (line !== '') onEvent(JSON.parse(line) as WatchEvent);
    }, Number.POSITIVE_INFINITY);
    for await (const chunk of chunksOf(response, this.server, signal)) lines.write(chunk);
  }

  private async requestText(method: 'GET' | 'DELETE', path: string, query: KubeQuery, signal?: AbortSignal) {
    const response = await this.send(method, path, query, signal, ANSWER_TIMEOUT_MS);
    return readAll(response, this.server, signal);
  }

  private async send(
    method: 'GET' | 'DELETE',
    path: string,
    query: KubeQuery,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
  ): Promise<IncomingMessage> {
    throwIfCancelled(signal);
    const url = this.url(path, query);
    const response = await this.exchange(method, url, signal, timeoutMs);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    const body = await readAll(response, this.server, signal);
    const { message, reason } = parseStatus(body);
    throw new KubeApiFailure(status, reason, message, `${method} ${url.pathname}`);
  }

  private exchange(
    method: string,
    url: URL,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    attempt = 1,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const secure = url.protocol === 'https:';
      const request = (secure ? httpsRequest : httpRequest)(
        url,
        {
          ...this.options,
          method,
          agent: secure ? this.agent : undefined,
          ...(signal ? { signal } : {}),
        },
        resolve,
      );
      request.on('socket', (socket) => socket.setKeepAlive(true, 15_000));
      if (timeoutMs !== undefined) {
        request.setTimeout(timeoutMs, () => {
          request.destroy(Object.assign(new Error(`no answer within ${timeoutMs / 1000} s`), { code: 'ETIMEDOUT' }));
        });
      }
      request.on('error', (error: NodeJS.ErrnoException) => {
        // The server may close a kept connection just as we take it; the request never reached it then.
        if (request.reusedSocket && error.code === 'ECONNRESET' && attempt === 1 && !signal?.aborted) {
          this.exchange(method, url, signal, timeoutMs, 2).then(resolve, reject);
        } else {
          reject(transportFailure(error, this.server, signal));
        }
      });
      request.end();
    });
  }

  private url(path: string, query: KubeQuery): URL {
    const url = new URL(this.server.pathname.replace(/\/$/, '') + path, this.server);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url;
  }
}

const ANSWER_TIMEOUT_MS = 15_000;

async function readAll(response: IncomingMessage, server: URL, signal?: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of chunksOf(response, server, signal)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

async function* chunksOf(response: IncomingMessage, server: URL, signal?: AbortSignal): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response) yield chunk as Buffer;
  } catch (error) {
    throw transportFailure(error, server, signal);
  }
}

function parseStatus(body: string): { message: string; reason?: string } {
  try {
    const status = JSON.parse(body) as { message?: string; reason?: string };
    return { message: status.message ?? body, ...(status.reason === undefined ? {} : { reason: status.reason }) };
  } catch {
    // A proxy in between may answer with a page instead of a Status object; its text is the best there is.
    return { message: body.trim().slice(0, 300) };
  }
}

function transportFailure(error: unknown, server: URL, signal: AbortSignal | undefined): Error {
  if (signal?.aborted) return new Cancelled();
  return clusterUnreachable(server.origin, error);
}

/** The failure that says nobody answers at the cluster's address. */
export function clusterUnreachable(address: string, cause: unknown, evidence: readonly string[] = []): Failure {
  const detail = cause instanceof Error ? [cause.message] : [];
  return new Failure({
    code: 'cluster-unreachable',
    fault: 'environment',
    summary: `The local runtime's Kubernetes does not answer at ${address}.`,
    evidence: evidence.length > 0 ? evidence : detail,
    nextSteps: ['Start the runtime: `vapp up`.', 'Check that Docker is running: `vapp doctor`.'],
    cause,
  });
}
