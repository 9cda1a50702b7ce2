import http from 'node:http';
import https from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { Cancelled, Failure, messageOf, sleep } from '../base';
import { kubernetesError } from './api-error';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface ApiResponse {
  readonly status: number;
  readonly body: http.IncomingMessage;
}

/** The API, or the kubelet behind it, gave no usable answer; asking again later may help. */
export class ApiUnavailable extends Error {
  override readonly name = 'ApiUnavailable';
}

/** The API understood and said no. */
export class ApiRefused extends Error {
  override readonly name = 'ApiRefused';

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Hears when the API goes away and when it is back. */
export interface AvailabilityListener {
  interrupted(message: string): void;
  resumed(): void;
}

const ANSWER_TIMEOUT_MS = 15_000;
const KEEP_ALIVE_MS = 15_000;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2000;
const MAX_BODY_BYTES = 256 * 1024 * 1024;

/**
 * Plain requests to one Kubernetes API server, with bodies as streams. client-node's own `Log` and `Watch` pipe
 * without backpressure or hide why a request was refused; from it come the address and the credentials.
 */
export class ApiClient {
  private config: Promise<KubeConfig> | undefined;
  private agent: http.Agent | undefined;
  private away = false;

  /**
   * @param load reads the kubeconfig; called again after an interruption, for a restarted cluster may have a new one.
   * @param patienceMs how long {@link ApiClient.persist} tries; undefined: until cancelled.
   */
  constructor(
    private readonly load: () => Promise<KubeConfig>,
    private readonly listener: AvailabilityListener,
    private readonly signal: AbortSignal,
    private readonly patienceMs?: number,
  ) {}

  /**
   * Sends a GET and resolves with the head of the answer; the body must be consumed or destroyed.
   *
   * @param answerTimeoutMs limit for the head.
   * @throws ApiUnavailable, ApiRefused, Cancelled.
   */
  async open(
    path: string,
    query: Query,
    answerTimeoutMs = ANSWER_TIMEOUT_MS,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ApiResponse> {
    this.config ??= this.load();
    const config = await this.config;
    const cluster = config.getCurrentCluster();
    if (!cluster) throw new ApiUnavailable('the kubeconfig names no cluster');
    const url = new URL(cluster.server.replace(/\/+$/, '') + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const options: https.RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    if (this.signal.aborted) throw new Cancelled();
    this.agent ??= options.agent as http.Agent;
    const response = await this.send(
      url,
      { ...options, agent: this.agent, headers: { ...(options.headers as http.OutgoingHttpHeaders), ...headers } },
      answerTimeoutMs,
    );
    if (response.status === 200 || response.status === 206) return response;
    const error = await kubernetesError(response.body);
    if (response.status >= 500 || response.status === 429 || response.status === 408) {
      throw new ApiUnavailable(error);
    }
    throw new ApiRefused(response.status, error);
  }

  /** The parsed body of a GET. @throws ApiUnavailable, ApiRefused, Cancelled. */
  async json<T>(path: string, query: Query = {}): Promise<T> {
    return parseJson(await this.bytes(path, query)) as T;
  }

  /** The body of a GET. @throws ApiUnavailable, ApiRefused, Cancelled. */
  async bytes(path: string, query: Query = {}, headers: Readonly<Record<string, string>> = {}): Promise<Buffer> {
    const { body } = await this.open(path, query, ANSWER_TIMEOUT_MS, headers);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of this.chunks(body)) {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) throw new ApiUnavailable('the answer is too long');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  /** The body as it comes; it is destroyed when the loop over it ends. @throws ApiUnavailable, Cancelled. */
  async *chunks(body: http.IncomingMessage): AsyncGenerator<Buffer, void> {
    const iterator: AsyncIterator<Buffer, undefined> = body[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { done, value } = await iterator.next().catch((error: unknown) => {
          throw this.broken(error);
        });
        if (done) return;
        yield value;
      }
    } finally {
      body.destroy();
    }
  }

  /**
   * Does something again, ever more slowly, until the API is there to do it.
   *
   * @throws ApiRefused, Cancelled; Failure `cluster-unreachable` when patience ends.
   */
  async persist<T>(attempt: () => Promise<T>): Promise<T> {
    const started = performance.now();
    for (let delay = FIRST_RETRY_MS; ; delay = Math.min(LAST_RETRY_MS, delay * 2)) {
      try {
        const result = await attempt();
        this.available();
        return result;
      } catch (error) {
        const startingUp = this.away && error instanceof ApiRefused && (error.status === 401 || error.status === 403);
        if (!(error instanceof ApiUnavailable) && !startingUp) throw error;
        if (this.patienceMs !== undefined && performance.now() - started > this.patienceMs) throw unreachable(error);
        this.unavailable(error.message);
      }
      await sleep(delay, this.signal);
      this.forgetConfig();
    }
  }

  private broken(error: unknown): Error {
    return this.signal.aborted ? new Cancelled() : new ApiUnavailable(messageOf(error));
  }

  private send(url: URL, options: https.RequestOptions, answerTimeoutMs: number): Promise<ApiResponse> {
    return new Promise((resolve, reject) => {
      const client = url.protocol === 'http:' ? http : https;
      const request = client.get(url, { ...options, signal: this.signal });
      const late = () => request.destroy(new Error(`no answer within ${answerTimeoutMs / 1000} s`));
      const timer = setTimeout(late, answerTimeoutMs);
      request.once('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS));
      request.once('response', (body) => {
        clearTimeout(timer);
        resolve({ status: body.statusCode ?? 0, body });
      });
      // Not `once`: an error may follow the one that settled the promise, and would be thrown if nobody listened.
      request.on('error', (error) => {
        clearTimeout(timer);
        reject(this.broken(error));
      });
    });
  }

  private forgetConfig(): void {
    this.config = undefined;
    // It keeps no idle sockets, and those in use live on with their streams.
    this.agent = undefined;
  }

  private unavailable(message: string): void {
    if (this.away) return;
    this.away = true;
    this.listener.interrupted(message);
  }

  private available(): void {
    if (!this.away) return;
    this.away = false;
    this.listener.resumed();
  }
}

/** @throws ApiUnavailable for anything but JSON: something else answered in the API's place, or the answer was cut. */
export function parseJson(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString('utf8'));
  } catch (error) {
    throw new ApiUnavailable(`the answer is not JSON (${messageOf(error)})`);
  }
}

function unreachable(cause: Error): Failure {
  return new Failure({
    code: 'cluster-unreachable',
    fault: 'environment',
    summary: `The Kubernetes API of the local runtime cannot be reached: ${cause.message}.`,
    nextSteps: ['Look whether the runtime is running: `vapp status`.', 'Start it: `vapp up`.'],
    cause,
  });
}
