import { Failure, isCancelled, orCancelled, sleep } from '../base';
import { LIVE_LABEL } from '../deploy';
import { KubeApi, KubeApiFailure, LineSplitter, Reflector, type ClusterAccess } from '../tools';
import type { Change } from './changes';

/** Where changes are taken, and by whom. */
export interface LivePodsOptions {
  readonly access: ClusterAccess;
  readonly namespace: string;
  /** Value of {@link LIVE_LABEL} on the pods. */
  readonly session: string;
  readonly token: string;
  readonly port: number;
  /** The program of a pod has ended by itself, and is started again after a pause unless a change comes first. */
  readonly onExit: (exit: ProgramExit) => void;
}

/** A program that has ended by itself. */
export interface ProgramExit {
  readonly pod: string;
  readonly code: number;
  /** When it had been started, milliseconds since 1970 by the node's clock. */
  readonly since: number;
  /** After so long it is started again, milliseconds. */
  readonly pauseMs: number;
}

export interface Applied {
  /** Names of the pods that have it. */
  readonly pods: readonly string[];
}

/** Longest wait for a container that takes changes, milliseconds. */
const REACHABLE_MS = 60_000;
/** Between two attempts to reach a container that starts, milliseconds. */
const RETRY_MS = 150;

/**
 * The running pods of a live update. What has been changed since their image is kept, so that a pod that comes later
 * gets it, too: whoever is asked for the app's files has one answer.
 */
export class LivePods {
  private readonly overlay = new Map<string, Change>();
  private generation = 0;
  private readonly links = new Map<string, Link>();
  private readonly stopper = new AbortController();
  private readonly following: Promise<void>;
  /** Why the pods cannot be followed any more. */
  private lost: Error | undefined;
  private moved: () => void = () => undefined;

  private constructor(
    private readonly api: KubeApi,
    private readonly options: LivePodsOptions,
  ) {
    const { namespace, session } = options;
    const pods = new Reflector<PodFacts>(api, `/api/v1/namespaces/${namespace}/pods`, factsOf, {
      query: { labelSelector: `${LIVE_LABEL}=${session}` },
      patienceMs: Infinity,
    });
    this.following = pods
      .follow(() => this.arrange([...pods.objects.values()]), this.stopper.signal)
      .catch((error: unknown) => {
        this.lost = error instanceof Error ? error : new Error(String(error));
        this.moved();
      });
  }

  static async open(options: LivePodsOptions): Promise<LivePods> {
    return new LivePods(await KubeApi.open(options.access), options);
  }

  /**
   * Brings changes into all pods and starts their programs anew; resolves when these have been started. A pod that
   * cannot be reached yet gets them as soon as it can.
   *
   * @throws Failure `live-update-refused` by a container, `live-update-unreachable`; Cancelled.
   */
  async apply(changes: readonly Change[], restart: boolean, signal: AbortSignal): Promise<Applied> {
    this.generation += 1;
    for (const change of changes) this.overlay.set(change.path, change);
    const update = { changes, generation: this.generation, restart };
    const end = performance.now() + REACHABLE_MS;
    for (;;) {
      if (this.lost) throw this.lost;
      const links = [...this.links.values()];
      const applied = await Promise.all(links.map((link) => orCancelled(link.bring(update), signal)));
      const pods = links.filter((_, index) => applied[index]).map(({ pod }) => pod);
      if (pods.length > 0) return { pods };
      if (performance.now() > end) throw unreachable(this.options, links);
      await this.somethingMoves(signal);
    }
  }

  async dispose(): Promise<void> {
    this.stopper.abort();
    await this.following;
    await Promise.all([...this.links.values()].map((link) => link.stop()));
    this.api.close();
  }

  /** A link for each container that runs: one that was started anew has forgotten nothing, but is another process. */
  private arrange(pods: readonly PodFacts[]): void {
    const running = new Map(pods.flatMap((pod) => (pod.running ? [[pod.running, pod.name] as const] : [])));
    for (const [id, link] of this.links) {
      if (running.has(id)) continue;
      this.links.delete(id);
      void link.stop();
    }
    for (const [id, name] of running) {
      if (this.links.has(id)) continue;
      const now = () => ({ changes: [...this.overlay.values()], generation: this.generation, restart: true });
      this.links.set(id, new Link(this.api, name, this.options, now, () => this.moved()));
    }
    this.moved();
  }

  private async somethingMoves(signal: AbortSignal): Promise<void> {
    const moved = new Promise<void>((resolve) => (this.moved = resolve));
    await orCancelled(Promise.race([moved, sleep(RETRY_MS)]), signal);
  }
}

interface Update {
  readonly changes: readonly Change[];
  readonly generation: number;
  readonly restart: boolean;
}

/** The connection to one run of one container. */
class Link {
  private readonly stopper = new AbortController();
  private readonly following: Promise<void>;
  private open = false;
  /** What the container has. */
  private generation = 0;

  constructor(
    private readonly api: KubeApi,
    readonly pod: string,
    private readonly options: LivePodsOptions,
    /** All changes since the image. */
    private readonly wanted: () => Update,
    private readonly onOpen: () => void,
  ) {
    this.following = this.follow();
  }

  /** Whether the container has the update now. @throws Failure `live-update-refused`. */
  async bring(update: Update): Promise<boolean> {
    if (!this.open) return false;
    if (this.generation >= update.generation) return true;
    try {
      await this.send(update);
      return true;
    } catch (error) {
      if (error instanceof KubeApiFailure && error.status === REFUSED) throw refused(this.pod, error);
      if (!(error instanceof Failure)) throw error;
      // It ends, or the network does; whoever comes next gets everything.
      this.open = false;
      return false;
    }
  }

  async stop(): Promise<void> {
    this.stopper.abort();
    await this.following;
  }

  /** As long as somebody listens, the container waits for a change when its program ends. */
  private async follow(): Promise<void> {
    const { signal } = this.stopper;
    while (!signal.aborted) {
      try {
        const events = await this.api.stream(this.path('events'), {}, { signal, headers: this.headers });
        const state = JSON.parse((await this.api.bytes(this.path('state'), {}, this.request())).toString()) as State;
        this.generation = state.generation;
        const wanted = this.wanted();
        // A pod that came later has the image's files, one whose container was started anew has its own.
        if (this.generation < wanted.generation) await this.send(wanted);
        this.open = true;
        this.onOpen();
        const lines = new LineSplitter((line) => this.take(line));
        for await (const chunk of events) lines.write(chunk);
      } catch (error) {
        // Whatever answers in its place, such as the page of a proxy, is none of it.
        const isOther = error instanceof SyntaxError;
        if (!isOther && !(error instanceof Failure) && !isCancelled(error, signal)) throw error;
      }
      this.open = false;
      await sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }

  private async send({ changes, generation, restart }: Update): Promise<void> {
    const body = Buffer.from(
      JSON.stringify({
        changes: changes.map(({ content, ...change }) => ({
          ...change,
          ...(content ? { content: content.toString('base64') } : {}),
        })),
        generation,
        restart,
      }),
    );
    await this.api.post(this.path('update'), body, this.request());
    this.generation = Math.max(this.generation, generation);
  }

  private take(line: string): void {
    const { type, code, since, pauseMs } = JSON.parse(line) as { readonly type: string } & ProgramExit;
    if (type === 'exited') this.options.onExit({ pod: this.pod, code, since, pauseMs });
  }

  private path(what: string): string {
    const { namespace, port } = this.options;
    return `/api/v1/namespaces/${namespace}/pods/${this.pod}:${port}/proxy/${what}`;
  }

  private request() {
    return { signal: this.stopper.signal, headers: this.headers };
  }

  private get headers() {
    return { 'x-vapp-token': this.options.token };
  }
}

interface State {
  readonly generation: number;
}

/** The helper's answer to a change that it does not make. */
const REFUSED = 422;

interface PodFacts {
  readonly name: string;
  /** Id of the container that takes changes, while it runs. */
  readonly running?: string;
}

interface PodObject {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec?: { readonly containers?: readonly { readonly name: string; readonly command?: readonly string[] }[] };
  readonly status?: {
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly containerID?: string;
      readonly state?: { readonly running?: object };
    }[];
  };
}

function factsOf(object: unknown): PodFacts {
  const { metadata, spec, status } = object as PodObject;
  const { name, deletionTimestamp } = metadata;
  const updated = spec?.containers?.find(({ command }) => command?.[0]?.endsWith('/live-update') === true);
  const container = status?.containerStatuses?.find((candidate) => candidate.name === updated?.name);
  const runs = container?.state?.running !== undefined && deletionTimestamp === undefined;
  return { name, ...(runs && container.containerID !== undefined ? { running: container.containerID } : {}) };
}

function refused(pod: string, error: KubeApiFailure): Failure {
  return new Failure({
    code: 'live-update-refused',
    fault: 'app',
    summary: `${pod} did not take the change: ${error.answer}`,
    cause: error,
  });
}

function unreachable({ namespace }: LivePodsOptions, links: readonly Link[]): Failure {
  return new Failure({
    code: 'live-update-unreachable',
    fault: 'app',
    summary: `No container of the app took the change within ${REACHABLE_MS / 1000} s.`,
    evidence: links.length > 0 ? links.map(({ pod }) => `${namespace}/${pod} gave no answer`) : ['no container runs'],
  });
}
