import { Failure, sleep } from '../base';
import { KubeApi, KubeApiFailure, type ClusterAccess, type KubeQuery, type KubeStream } from '../tools';

/** Hears when the API goes away and when it is back. */
export interface AvailabilityListener {
  interrupted(message: string): void;
  resumed(): void;
}

interface StreamOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly answerTimeoutMs?: number | undefined;
}

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2000;

/**
 * Requests to the API of a cluster that may go away and come back, for as long as one feed lives. Whoever catches what
 * they throw asks {@link isAway} and {@link isRefusal}.
 */
export class PatientApi {
  private api: Promise<KubeApi> | undefined;
  private away = false;

  /** @param patienceMs how long {@link PatientApi.persist} tries; undefined: until cancelled. */
  constructor(
    private readonly access: ClusterAccess,
    private readonly listener: AvailabilityListener,
    private readonly signal: AbortSignal,
    private readonly patienceMs?: number,
  ) {}

  async get<T>(path: string): Promise<T> {
    return (await this.connect()).get<T>(path, {}, this.signal);
  }

  async list<T>(path: string, query: KubeQuery) {
    return (await this.connect()).list<T>(path, query, this.signal);
  }

  async bytes(path: string, headers: Readonly<Record<string, string>>): Promise<Buffer> {
    return (await this.connect()).bytes(path, {}, { headers, signal: this.signal });
  }

  async stream(path: string, query: KubeQuery, options: StreamOptions = {}): Promise<KubeStream> {
    return (await this.connect()).stream(path, query, { ...options, signal: this.signal });
  }

  /**
   * Does something again, ever more slowly, until the API is there to do it.
   *
   * @throws Cancelled; what {@link isRefusal}; when patience ends, what {@link isAway}.
   */
  async persist<T>(attempt: () => Promise<T>): Promise<T> {
    const started = performance.now();
    for (let delay = FIRST_RETRY_MS; ; delay = Math.min(LAST_RETRY_MS, delay * 2)) {
      try {
        const result = await attempt();
        this.available();
        return result;
      } catch (error) {
        const startingUp = this.away && isRefusal(error) && (error.status === 401 || error.status === 403);
        if (!isAway(error) && !startingUp) throw error;
        if (this.patienceMs !== undefined && performance.now() - started > this.patienceMs) throw error;
        this.unavailable(error.message);
      }
      await sleep(delay, this.signal);
      await (await this.connect()).reload();
    }
  }

  /** Ends all requests and closes the connections. */
  async close(): Promise<void> {
    // One that could not be opened has nothing to close, and whoever asked for it has heard why.
    const api = await this.api?.catch(() => undefined);
    api?.close();
  }

  private connect(): Promise<KubeApi> {
    this.api ??= KubeApi.open(this.access);
    return this.api;
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

/** The API, or the kubelet behind it, gave no usable answer; asking again later may help. */
export function isAway(error: unknown): error is Failure {
  if (error instanceof KubeApiFailure) return !isFinal(error.status);
  return error instanceof Failure && error.code === 'cluster-unreachable';
}

/** The API understood and said no. */
export function isRefusal(error: unknown): error is KubeApiFailure {
  return error instanceof KubeApiFailure && isFinal(error.status);
}

function isFinal(status: number): boolean {
  return status < 500 && status !== 429 && status !== 408;
}
