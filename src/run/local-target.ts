import type { App } from '../project';
import type { LocalRuntime, RegistryAddress, Runtime } from '../runtime';
import type { ClusterAccess } from '../tools';
import { provideGivenImage, type GivenImage } from './given-image';
import { buildApp, localTag, pushApp, removeReplacedImages, testTag, type Job } from './images';
import { provideMachineBundle } from './machine-bundle';
import { statusOfRunning } from './not-running';
import { removeOldRevisions, type DeployedApp } from './old-revisions';
import { whileRuntimeRuns } from './runtime-guard';
import { startRuntime } from './start';
import type { ImageRequest, Target } from './target';

/** The workspace's own cluster on this machine, created or resumed where it has to be, with its own registry. */
export class LocalTarget implements Target {
  private registry: Promise<RegistryAddress> | undefined;
  private runtime: Promise<Runtime> | undefined;
  private isStarting = () => false;
  private readonly pulls = new Map<string, { readonly done: Promise<void>; readonly deployed: AbortController }>();

  constructor(
    private readonly job: Job,
    private readonly local: LocalRuntime,
  ) {}

  placed(app: App): App {
    return app;
  }

  async begin(): Promise<void> {
    await provideMachineBundle(this.job);
    ({
      registry: this.registry,
      runtime: this.runtime,
      isStarting: this.isStarting,
    } = startRuntime(this.job, this.local));
  }

  reached(): Promise<Runtime> {
    if (!this.runtime) throw new Error('nothing has been begun');
    return this.runtime;
  }

  async access(): Promise<ClusterAccess> {
    const { access, registry } = await statusOfRunning(this.local, this.job.signal);
    if (registry) this.registry = Promise.resolve(registry);
    return access;
  }

  async image(app: App, request: ImageRequest): Promise<GivenImage> {
    const given = await this.provided(app, request);
    if (!request.tests) this.pullWhileStarting(app, given);
    return given;
  }

  private async provided(app: App, { image, platform, build, noCache, tests }: ImageRequest): Promise<GivenImage> {
    const { job, registry } = this;
    const { cluster } = this.local;
    if (!registry) throw new Error('a runtime that runs has a registry');
    if (image !== undefined) return provideGivenImage(job, app, { image, platform }, registry);
    const options = { ...(noCache === undefined ? {} : { noCache }) };
    if (tests) {
      await buildApp(job, app, cluster, { ...options, platforms: platform === undefined ? [] : [platform], tests });
      return pushApp(job, app, testTag(cluster, app), await registry, `${app.id}-test`);
    }
    if (build === false) return pushApp(job, app, localTag(cluster, app), await registry);
    const { tag } = await buildApp(job, app, cluster, options);
    return pushApp(job, app, tag, await registry);
  }

  /** Of several nodes nobody knows yet which one will have the pod. */
  private pullWhileStarting(app: App, { repository, digest }: GivenImage): void {
    const { job, local, runtime } = this;
    if (!runtime || !this.isStarting() || !local.hasOneNode) return;
    const deployed = new AbortController();
    const done = job.steps.run('pull', app.id, async (reporter) => {
      const pulled = await local.pullEarly(`${repository}@${digest}`, runtime, deployed.signal, job.signal);
      if (pulled) reporter.result('on the node');
      else reporter.skip('left to Kubernetes, which is up');
    });
    // Looked at when the app is deployed.
    done.catch(() => undefined);
    this.pulls.set(app.id, { done, deployed });
  }

  /** The kubelet's own pull joins one that is on its way. */
  async whileThere<T>(app: App, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const pull = this.pulls.get(app.id);
    try {
      return await whileRuntimeRuns(this.job, work);
    } finally {
      pull?.deployed.abort();
      await pull?.done;
    }
  }

  async tidy(deployed: DeployedApp): Promise<void> {
    await removeOldRevisions(this.job, deployed, await this.reached(), this.local);
  }

  end(): Promise<void> {
    return removeReplacedImages(this.job, this.local.cluster);
  }
}
