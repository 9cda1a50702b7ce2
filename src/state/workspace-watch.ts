import { Failure, asFailure, isCancelled, orCancelled } from '../base';
import type { Repository } from '../project';
import {
  SERVICES_NAMESPACE,
  activityEntries,
  clusterName,
  concernsCluster,
  readActivity,
  type EngineEvent,
  type RuntimeActivity,
  type RuntimeStatus,
} from '../runtime';
import { KubeApi, type ClusterAccess, type Toolbox } from '../tools';
import { ClusterWatch, type ClusterApi } from './cluster-watch';
import { noAnswer, watchEngine, type EngineClient } from './engine-watch';
import { FolderWatch } from './folder-watch';
import { pictureOf, type PictureMemory } from './picture';
import { PodSelection } from './pod-selection';
import { Repeater } from './repeater';
import { share } from './share';
import type { EnginePicture, WorkspacePicture } from './types';
import { Verdicts, type JudgesOf } from './verdicts';

/** Where a workspace is read from; a session of `run/` is one. */
export interface WorkspaceSource {
  /** As the user named it. */
  readonly root: string;
  /** Names its cluster. */
  readonly identity: string;
  readonly toolbox: Pick<Toolbox, 'path'>;
  /** Reads the repository's files anew. */
  read(): Promise<Repository>;
  docker(): Promise<EngineClient>;
  runtime(repository: Repository): Promise<RuntimeReader>;
}

/** The part of `LocalRuntime` that looks and changes nothing. */
export interface RuntimeReader {
  status(signal?: AbortSignal): Promise<RuntimeStatus>;
}

export interface WorkspaceWatchOptions {
  readonly source: WorkspaceSource;
  /** Where runtimes keep their locks: `$XDG_DATA_HOME/vscode-velocitas`. */
  readonly dataDirectory: string;
  /** Says why pods can never become ready; without it they show Kubernetes' reasons only. */
  readonly judgesOf?: JudgesOf;
  /** Gets each new picture, at most one in {@link BURST_MS}, and none that looks like the one before. */
  readonly onChange: (picture: WorkspacePicture) => void;
  /** Gets what is no state of the workspace: a defect, or a system that watches no more folders. */
  readonly onError: (error: unknown) => void;
  /** Default: {@link KubeApi.open}. */
  readonly openApi?: (access: ClusterAccess) => Promise<ClusterApi>;
}

/**
 * The live picture of one workspace. It lives by the events of the engine, by watches of Kubernetes and of two folders;
 * while nothing changes it asks for nothing. The repository's files are read when the caller says so, who has watchers
 * of his own. Whoever opens one disposes of it.
 */
export class WorkspaceWatch {
  private readonly stop = new AbortController();
  private readonly background = new Set<Promise<unknown>>();
  private readonly looks = new Repeater(() => this.look());
  private readonly readings = new Repeater(() => this.readRepository());
  private readonly activityLooks = new Repeater(() => this.lookForActivity());

  private known: Repository | undefined;
  private repositoryFailure: Failure | undefined;
  private engine: EnginePicture = { state: 'unknown' };
  private status: RuntimeStatus | undefined;
  private activity: RuntimeActivity | undefined;
  private cluster: { readonly key: string; readonly watch: ClusterWatch } | undefined;

  private readonly memory: PictureMemory;
  private current: WorkspacePicture;
  private burst: NodeJS.Timeout | undefined;
  private nextVerdict: NodeJS.Timeout | undefined;
  private activityExpiry: NodeJS.Timeout | undefined;
  private secondLook: NodeJS.Timeout | undefined;
  private secondLookMs = SHORTEST_WAIT_MS;
  private folder: FolderWatch | undefined;

  private constructor(private readonly options: WorkspaceWatchOptions) {
    this.memory = { verdicts: new Verdicts(options.judgesOf), selection: new PodSelection() };
    this.current = this.draw();
  }

  /** Reads the repository and begins to watch. The first picture knows nothing of engine and runtime yet. */
  static async open(options: WorkspaceWatchOptions): Promise<WorkspaceWatch> {
    const watch = new WorkspaceWatch(options);
    await watch.readings.request();
    watch.current = watch.draw();
    watch.start();
    return watch;
  }

  get picture(): WorkspacePicture {
    return this.current;
  }

  /** What the files said when they were last read; undefined when they never could be. */
  get repository(): Repository | undefined {
    return this.known;
  }

  /** Reads the repository's files anew. That they cannot be read is a part of the picture. */
  async refreshRepository(): Promise<void> {
    await this.readings.request();
  }

  /** Ends everything: connections, timers, watches. No change is told any more. */
  async dispose(): Promise<void> {
    this.stop.abort();
    for (const timer of [this.burst, this.nextVerdict, this.activityExpiry, this.secondLook]) clearTimeout(timer);
    this.folder?.close();
    this.follow(undefined);
    await Promise.allSettled(this.background);
  }

  private start(): void {
    const { source, dataDirectory, onError } = this.options;
    const { signal } = this.stop;
    this.folder = new FolderWatch(
      dataDirectory,
      (entry) => this.clusterName !== undefined && activityEntries(this.clusterName).includes(entry),
      () => this.run(this.activityLooks.request()),
      onError,
    );
    this.run(this.activityLooks.request());
    this.run(
      watchEngine(
        {
          docker: () => source.docker(),
          toolbox: source.toolbox,
          onState: (engine) => this.engineIs(engine),
          onEvent: (event) => this.engineSays(event),
          onError,
        },
        signal,
      ),
    );
  }

  private get clusterName(): string | undefined {
    return this.known && clusterName(this.options.source.identity);
  }

  private engineIs(engine: EnginePicture): void {
    this.engine = engine;
    if (engine.state === 'up') {
      this.run(this.looks.request());
    } else {
      clearTimeout(this.secondLook);
      this.status = undefined;
      this.follow(undefined);
    }
    this.changed();
  }

  private engineSays(event: EngineEvent): void {
    const name = this.clusterName;
    if (name !== undefined && concernsCluster(event, name)) this.run(this.looks.request());
  }

  private async readRepository(): Promise<void> {
    try {
      const repository = share(this.known, await this.options.source.read());
      this.repositoryFailure = undefined;
      if (repository !== this.known) {
        this.known = repository;
        this.run(this.activityLooks.request());
        if (this.engine.state === 'up') this.run(this.looks.request());
        this.follow(this.wantedCluster());
      }
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.repositoryFailure = error;
    }
    this.changed();
  }

  /** Asks the engine for the state of the runtime. */
  private async look(): Promise<void> {
    clearTimeout(this.secondLook);
    const status = this.known && (await this.askForStatus(this.known));
    // An engine that has gone meanwhile answered for a state that is no more.
    if (this.stop.signal.aborted || this.engine.state !== 'up') return;
    this.status = status;
    this.follow(this.wantedCluster());
    this.changed();
    this.planSecondLook();
  }

  private async askForStatus(repository: Repository): Promise<RuntimeStatus | undefined> {
    const overdue = new AbortController();
    const timer = setTimeout(() => overdue.abort(), ANSWER_MS);
    const signal = AbortSignal.any([this.stop.signal, overdue.signal]);
    try {
      const runtime = await orCancelled(this.options.source.runtime(repository), signal);
      return await runtime.status(signal);
    } catch (error) {
      if (this.stop.signal.aborted) return undefined;
      const failure = isCancelled(error, overdue.signal) ? noAnswer(ANSWER_MS) : asFailure(error, UNREADABLE);
      return { state: 'unknown', failure, cluster: clusterName(this.options.source.identity), nodes: [], services: [] };
    } finally {
      clearTimeout(timer);
    }
  }

  /** An engine that answers with an error sends no event when it would no more; a name that is taken is set free by one. */
  private planSecondLook(): void {
    if (this.status?.state !== 'unknown' || this.status.failure?.code === 'runtime-name-taken') {
      this.secondLookMs = SHORTEST_WAIT_MS;
      return;
    }
    this.secondLook = setTimeout(() => this.run(this.looks.request()), this.secondLookMs);
    this.secondLookMs = Math.min(this.secondLookMs * 2, LONGEST_WAIT_MS);
  }

  private async lookForActivity(): Promise<void> {
    const name = this.clusterName;
    const observed = name === undefined ? undefined : await readActivity(this.options.dataDirectory, name);
    if (this.stop.signal.aborted) return;
    clearTimeout(this.activityExpiry);
    if (observed) {
      this.activityExpiry = setTimeout(() => this.run(this.activityLooks.request()), observed.validForMs + 1);
    }
    const ended = this.activity !== undefined && !observed;
    // A runtime that is found running gets its kubeconfig without any event of the engine.
    const incomplete = this.status?.state === 'running' && !this.status.access;
    // What an activity led to is known before it is gone, so that the state of before does not show once more.
    if (this.engine.state === 'up' && (ended || incomplete)) await this.looks.request();
    if (observed?.activity === this.activity) return;
    this.activity = observed?.activity;
    this.follow(this.wantedCluster());
    this.changed();
  }

  /** The cluster to follow now: one that runs, and whose Kubernetes is not still coming up. */
  private wantedCluster(): { access: ClusterAccess; namespaces: readonly string[] } | undefined {
    const { known, status, activity } = this;
    if (!known || status?.state !== 'running' || !status.access || activity === 'starting') return undefined;
    const namespaces = [SERVICES_NAMESPACE, ...known.apps.map(({ namespace }) => namespace)];
    return { access: status.access, namespaces: [...new Set(namespaces)].sort() };
  }

  /** Follows this cluster, and no other any more. */
  private follow(wanted: { access: ClusterAccess; namespaces: readonly string[] } | undefined): void {
    const key = wanted && JSON.stringify(wanted);
    if (key === this.cluster?.key) return;
    if (this.cluster) this.run(this.cluster.watch.close());
    this.cluster = undefined;
    if (!wanted || key === undefined || this.stop.signal.aborted) return;
    const { openApi = openKubeApi } = this.options;
    const watch = new ClusterWatch({ ...wanted, openApi, onChange: () => this.changed() });
    this.cluster = { key, watch };
  }

  private changed(): void {
    if (this.stop.signal.aborted) return;
    this.burst ??= setTimeout(() => {
      this.burst = undefined;
      const picture = this.draw();
      if (picture === this.current) return;
      this.current = picture;
      this.options.onChange(picture);
    }, BURST_MS);
  }

  private draw(): WorkspacePicture {
    const knowledge = {
      root: this.options.source.root,
      repository: this.known,
      repositoryFailure: this.repositoryFailure,
      cluster: this.clusterName,
      engine: this.engine,
      status: this.status,
      activity: this.activity,
      facts: this.cluster?.watch.facts,
      clusterFailure: this.cluster?.watch.failure,
    };
    const picture = share(this.current, pictureOf(knowledge, this.memory));
    this.planVerdict(this.memory.verdicts.takeDue());
    return picture;
  }

  /** What may still come right is given some time; when that is over, the picture changes although nothing else does. */
  private planVerdict(ms: number): void {
    clearTimeout(this.nextVerdict);
    if (Number.isFinite(ms) && !this.stop.signal.aborted) {
      this.nextVerdict = setTimeout(() => this.changed(), Math.min(ms, LONGEST_TIMER_MS));
    }
  }

  /** Lets something run whose end nobody waits for but {@link dispose}. */
  private run(work: Promise<unknown>): void {
    const guarded = work.catch((error: unknown) => {
      if (!isCancelled(error, this.stop.signal)) this.options.onError(error);
    });
    this.background.add(guarded);
    void guarded.finally(() => this.background.delete(guarded));
  }
}

/** Changes within this time are told as one, milliseconds. */
export const BURST_MS = 50;
const ANSWER_MS = 20_000;
const SHORTEST_WAIT_MS = 5000;
const LONGEST_WAIT_MS = 30_000;
/** A clock that was set back would have made it longer than a timer can be, milliseconds. */
const LONGEST_TIMER_MS = 3_600_000;

const UNREADABLE = {
  code: 'runtime-state-unknown',
  fault: 'environment',
  summary: 'The state of the local runtime cannot be found out.',
} as const;

function openKubeApi(access: ClusterAccess): Promise<ClusterApi> {
  return KubeApi.open(access);
}
