import { randomBytes } from 'node:crypto';
import { relative, sep } from 'node:path';
import { Failure, isCancelled } from '../../base';
import { LivePods, SourceWatch, readChanges } from '../../live';
import { sessionOf, type LiveTemplate } from '../../deploy';
import type { PushedImage } from '../../build';
import type { App, Repository } from '../../project';
import type { LocalRuntime, Runtime } from '../../runtime';
import { AppLog, type FollowMode } from '../follow';
import { buildApp, provideImage, pushApp, type Job } from '../images';
import { deployApp } from '../pipeline';
import { startRuntime, type StartingRuntime } from '../start';
import { Steps } from '../steps';
import type { LiveEvent } from '../types';
import { explainExit } from './exits';
import { LIVE_UPDATE_IMAGE, LIVE_UPDATE_PORT, commandOf } from './helper';
import { readAppSources, type AppSources } from './sources';

/** How long an app may take to end before it is killed, milliseconds, unless `vapp.yaml` says otherwise. */
const STOP_MS = 2000;

/** What one live update is about. */
export interface LiveAppOptions {
  readonly job: Job;
  /** Id of the app. */
  readonly id: string;
  readonly repository: Repository;
  readonly local: LocalRuntime;
  readonly starting: StartingRuntime;
  readonly follow: FollowMode;
  readonly signal: AbortSignal;
}

/** An image that runs, and what is needed to change files in its containers. */
interface Running {
  readonly app: App;
  readonly sources: AppSources;
  readonly image: PushedImage;
  readonly runtime: Runtime;
  readonly pods: LivePods;
}

/**
 * One app while somebody works on it: changed files go into the running containers, or into a new image where that is
 * the only way to have them, until the signal fires. Then the app runs from an image as a clean build gives it.
 */
export class LiveApp {
  private repository: Repository;
  private local: LocalRuntime;
  private log: AppLog | undefined;
  private watch: SourceWatch | undefined;
  /** Whether something runs that no image has, or is to be in the next one. */
  private isAhead = false;
  /** Why there must be a new image, as long as none could be built or deployed. */
  private pending: { readonly why: string; readonly files: readonly string[] } | undefined;

  constructor(private readonly options: LiveAppOptions) {
    this.repository = options.repository;
    this.local = options.local;
  }

  /** @throws Failure when the app could not be brought to run at all; Cancelled before it runs. */
  async run(): Promise<void> {
    const { job, signal, starting } = this.options;
    const sources = await readAppSources(this.repository, this.app());
    // Before the image is built: what is saved meanwhile comes next.
    await this.watchInstead(sources);
    try {
      let running = await this.deployLive(job, starting, sources);
      try {
        for (;;) {
          const next = await this.take((await this.watch?.next(signal)) ?? [], running);
          if (!next) continue;
          await running.pods.dispose();
          running = next;
        }
      } catch (error) {
        if (!isCancelled(error, signal)) throw error;
      } finally {
        await running.pods.dispose();
        await this.end(running);
      }
    } finally {
      await this.watch?.dispose();
      await this.log?.stop();
    }
  }

  /** Brings changed files where they belong. @returns what runs now, when that is a new image. */
  private async take(paths: readonly string[], running: Running): Promise<Running | undefined> {
    const noticed = performance.now();
    const live = new Map<string, readonly string[]>();
    const none: string[] = [];
    for (const path of paths) {
      const way = this.wayOf(path, running.sources);
      if (way.kind === 'live') live.set(path, way.destinations);
      else if (way.kind === 'none') none.push(this.nameOf(path));
      else this.pending = { why: way.why, files: [...(this.pending?.files ?? []), this.nameOf(path)] };
    }
    if (none.length > 0 && live.size === 0 && !this.pending) this.tell({ way: 'none', files: none });
    const next = this.pending ? await this.byImage() : undefined;
    if (next || live.size === 0) return next;
    try {
      await this.bring(live, running, noticed);
      return undefined;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.pending = { why: error.summary, files: [...live.keys()].map((path) => this.nameOf(path)) };
      return this.byImage();
    }
  }

  /** Relative to the repository, with slashes. */
  private nameOf(path: string): string {
    return relative(this.repository.root, path).split(sep).join('/');
  }

  private wayOf(path: string, sources: AppSources) {
    if (sources.describes(path)) return { kind: 'image', why: 'it says how the app is built or runs' } as const;
    const within = sources.inContext(path);
    if (within === undefined || sources.ignored(path)) return { kind: 'none' } as const;
    return sources.rules.wayOf(within);
  }

  private async bring(
    files: ReadonlyMap<string, readonly string[]>,
    { app, pods }: Running,
    noticed: number,
  ): Promise<void> {
    const names = [...files.keys()].map((path) => this.nameOf(path));
    const { signal } = this.options;
    const changes = await readChanges(this.repository.realRoot, files);
    this.isAhead = true;
    const applied = await pods.apply(changes, app.liveUpdate?.restart ?? true, signal);
    this.tell({ way: 'live', files: names, durationMs: performance.now() - noticed, pods: applied.pods });
  }

  /** Builds and deploys. @returns undefined when it failed, which has been told, or when something newer has come. */
  private async byImage(): Promise<Running | undefined> {
    const { job, id } = this.options;
    const { why = '', files = [] } = this.pending ?? {};
    this.tell({ way: 'image', why, files });
    this.isAhead = true;
    try {
      this.repository = await job.session.readValid();
      this.local = await job.session.runtime(this.repository);
      const sources = await readAppSources(this.repository, this.app());
      if (!this.watch?.watches(sources.paths)) await this.watchInstead(sources);
      const running = await this.unlessNewer((building, built) =>
        this.deployLive(job, startRuntime(job, this.local), sources, { building, built }),
      );
      if (running) this.pending = undefined;
      return running;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const message = `${error.summary} What ran before runs on.`;
      job.emit({ type: 'warning', app: id, message, explanation: error });
      return undefined;
    }
  }

  /** What is built is old as soon as something newer has been saved: then it is given up, up to the moment `built`. */
  private async unlessNewer<T>(work: (building: AbortSignal, built: () => void) => Promise<T>): Promise<T | undefined> {
    const { signal } = this.options;
    const newer = new AbortController();
    const done = new AbortController();
    void this.watch?.something(AbortSignal.any([signal, done.signal])).then(
      () => newer.abort(),
      () => undefined,
    );
    const building = AbortSignal.any([signal, newer.signal]);
    try {
      return await work(building, () => done.abort());
    } catch (error) {
      if (newer.signal.aborted && !signal.aborted && isCancelled(error, building)) return undefined;
      throw error;
    } finally {
      done.abort();
    }
  }

  /** An image of the sources, in pods that take changes. */
  private async deployLive(
    job: Job,
    starting: StartingRuntime,
    sources: AppSources,
    options: { readonly building?: AbortSignal; readonly built?: () => void } = {},
  ): Promise<Running> {
    const { building = this.options.signal, built } = options;
    const app = this.app();
    const { session } = job;
    const inner: Job = { ...job, signal: building, steps: new Steps(job.emit, building) };
    const { tag, image } = await this.image(inner, app, starting);
    const helper = await provideImage(inner, LIVE_UPDATE_IMAGE, await starting.registry);
    built?.();
    const token = randomBytes(24).toString('hex');
    session.toolbox.redactor.add(token);
    const live: LiveTemplate = {
      digest: image.digest,
      ...(await commandOf(await session.docker(), tag)),
      helper: `${helper.repository}@${helper.digest}`,
      roots: sources.rules.roots,
      settings: { token, port: LIVE_UPDATE_PORT, stopMs: app.liveUpdate?.stopMs ?? STOP_MS },
    };
    const runtime = await starting.runtime;
    await this.deploy(job, app, image, runtime, live);
    this.isAhead = false;
    const pods = await LivePods.open({
      access: runtime.access,
      namespace: app.namespace,
      session: sessionOf(live),
      token,
      port: LIVE_UPDATE_PORT,
      onExit: (exit) => void explainExit(job, app, runtime.access, exit),
    });
    return { app, sources, image, runtime, pods };
  }

  private async image(job: Job, app: App, starting: StartingRuntime): Promise<{ tag: string; image: PushedImage }> {
    const { tag } = await buildApp(job, app, this.local.cluster);
    return { tag, image: await pushApp(job, app, tag, await starting.registry) };
  }

  private async deploy(job: Job, app: App, image: PushedImage, runtime: Runtime, live?: LiveTemplate): Promise<void> {
    const since = new Date();
    this.log ??= new AppLog(job, app, runtime.access, this.options.follow);
    await deployApp(job, app, image, runtime, {
      ...(live ? { live } : {}),
      onRolloutStarted: (selectors) => this.log?.start(selectors, { since }),
    });
  }

  /** The app runs on from an image alone: from that of a clean build, or from the one before when that fails. */
  private async end({ app, image, runtime }: Running): Promise<void> {
    const { emit, session } = this.options.job;
    // The signal that ends the work on it must not end this.
    const job: Job = { session, emit, steps: new Steps(emit) };
    let final: PushedImage = image;
    try {
      if (this.isAhead) {
        this.repository = await session.readValid();
        final = (await this.image(job, this.app(), startRuntime(job, this.local))).image;
      }
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const message = `The image could not be built, so the app runs on from the one before: ${error.summary}`;
      emit({ type: 'warning', app: app.id, message, explanation: error });
    }
    await this.deploy(job, app, final, runtime);
  }

  private app(): App {
    const app = this.repository.apps.find(({ id }) => id === this.options.id);
    if (app) return app;
    throw new Failure({
      code: 'app-unknown',
      fault: 'app',
      summary: `There is no app "${this.options.id}" in this repository any more.`,
    });
  }

  private async watchInstead(sources: AppSources): Promise<void> {
    const next = await this.watchOf(sources);
    if (this.watch) await next.replace(this.watch);
    this.watch = next;
  }

  private watchOf(sources: AppSources): Promise<SourceWatch> {
    const { job, id } = this.options;
    return SourceWatch.start({
      paths: sources.paths,
      ignored: (path, isFolder) => sources.ignored(path, isFolder),
      onError: (error) =>
        job.emit({ type: 'warning', app: id, message: `Changes of some files are not noticed: ${String(error)}` }),
    });
  }

  private tell(event: Omit<LiveEvent, 'type' | 'app'>): void {
    this.options.job.emit({ type: 'live', app: this.options.id, ...event });
  }
}
