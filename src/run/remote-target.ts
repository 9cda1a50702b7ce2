import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findImage } from '../build';
import type { App, RemoteContext } from '../project';
import { clusterDirectory, clusterName, type ServiceEndpoint } from '../runtime';
import { KubeApi, findUserContext, type ClusterAccess } from '../tools';
import type { GivenImage } from './given-image';
import { IMAGE_LABEL, removeReplacedImages, shortDigest, type Job } from './images';
import { buildAndPushApp } from './push-app';
import { explainedOf, nodePlatforms, refuseForeignRelease, refuseMissingNamespace } from './remote-cluster';
import type { ImageRequest, Reached, Target } from './target';

/** How long a registry may take to tell what it has, milliseconds. */
const PATIENCE_MS = 120_000;

/**
 * A cluster that somebody else looks after, by a context of the user's kubeconfig that `vapp.yaml` allows. It gets
 * releases of apps and nothing else: no services, no namespaces; and nothing of it is cleaned up but what is uninstalled.
 */
export class RemoteTarget implements Target {
  private checked: Promise<readonly string[]> | undefined;

  private constructor(
    private readonly job: Job,
    private readonly context: RemoteContext,
    /** As it is found in the kubeconfig. */
    private readonly cluster: ClusterAccess,
    /** Absent: that of each app. */
    readonly namespace: string | undefined,
  ) {}

  /** @throws Failure `context-missing`, `context-unsupported`, `user-kubeconfig-unreadable`. */
  static async open(job: Job, context: RemoteContext): Promise<RemoteTarget> {
    const { toolbox, dataDirectory, identity } = job.session;
    const name = context.name.value;
    const { kubeconfig, namespace, secrets } = await findUserContext(name, toolbox.env);
    toolbox.redactor.add(...secrets);
    const hash = createHash('sha256').update(`${kubeconfig}\0${name}`).digest('hex').slice(0, 8);
    const directory = join(clusterDirectory(dataDirectory, clusterName(identity)), `context-${hash}`);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const access = { kubeconfig, context: name, foreign: { directory } };
    return new RemoteTarget(job, context, access, context.namespace?.value ?? namespace);
  }

  /** Where images are pushed to. */
  get registry(): string {
    return this.context.registry.value;
  }

  placed(app: App): App {
    return this.namespace === undefined ? app : { ...app, namespace: this.namespace };
  }

  begin(): Promise<void> {
    this.checked ??= this.check();
    // Whoever waits for it still gets the failure.
    this.checked.catch(() => undefined);
    return Promise.resolve();
  }

  async reached(): Promise<Reached> {
    await this.platforms();
    return { access: this.cluster, services: this.services() };
  }

  async access(): Promise<ClusterAccess> {
    await this.platforms();
    return this.cluster;
  }

  async image(app: App, request: ImageRequest): Promise<GivenImage> {
    const { job, context } = this;
    const nodes = await this.platforms();
    if (request.image !== undefined) return this.givenImage(app, request.image, request.platform, nodes);
    const { tests, platform, noCache } = request;
    const path = tests ? `${app.id}-test` : app.id;
    const workspace = clusterName(job.session.identity);
    const target = tests?.stage ?? app.target;
    const { digest } = await buildAndPushApp(job, app, {
      // A tag for each workspace, which nobody else's push takes away: a registry may drop what has none.
      push: `${context.registry.value}/${path}:${workspace}`,
      ...(target === undefined ? {} : { target }),
      platforms: platform === undefined ? nodes : [platform],
      // What stays in the engine of it is removed with all else that was built for the workspace.
      labels: { [IMAGE_LABEL]: workspace },
      keepSteps: false,
      ...(noCache === undefined ? {} : { noCache }),
    });
    return { repository: `${(context.pullRegistry ?? context.registry).value}/${path}`, digest };
  }

  async whileThere<T>(app: App, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const signal = this.job.signal ?? new AbortController().signal;
    return this.explained(async () => {
      await this.withApi((api) => refuseForeignRelease(api, app, this.context, signal));
      return work(signal);
    });
  }

  /** The images there belong to others, too, and the registry has rules of its own. */
  tidy(): Promise<void> {
    return Promise.resolve();
  }

  end(): Promise<void> {
    return removeReplacedImages(this.job, clusterName(this.job.session.identity));
  }

  /** Does something with the cluster; what goes wrong is told of this context, not of the local runtime. */
  async explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw explainedOf(error, this.context);
    }
  }

  private platforms(): Promise<readonly string[]> {
    return (this.checked ??= this.check());
  }

  /** Whether the cluster answers, and which platforms its nodes have; none when we may not know. */
  private check(): Promise<readonly string[]> {
    const { job, context, namespace } = this;
    return job.steps.run('runtime', undefined, async (reporter) => {
      reporter.progress(`asking the cluster of the context ${context.name.value}`);
      const ask = async (api: KubeApi) => {
        // Before anything is built for it.
        if (namespace !== undefined) await refuseMissingNamespace(api, namespace, context, job.signal);
        return nodePlatforms(api, job.signal);
      };
      const platforms = await this.explained(() => this.withApi(ask));
      const where = namespace === undefined ? '' : `, namespace ${namespace}`;
      reporter.result(`context ${context.name.value}${where}`);
      return platforms;
    });
  }

  private services(): ServiceEndpoint[] {
    return Object.entries(this.context.services).map(([id, { value: cluster }]) => ({ id, cluster }));
  }

  /** The nodes pull it from where it is. */
  private givenImage(
    app: App,
    reference: string,
    platform: string | undefined,
    [nodePlatform = 'linux/amd64']: readonly string[],
  ): Promise<GivenImage> {
    const { toolbox } = this.job.session;
    return this.job.steps.run('push', app.id, async (reporter) => {
      reporter.progress(`looking for ${reference}`);
      const found = await findImage(
        { reference, nodePlatform, timeoutMs: PATIENCE_MS, ...(platform === undefined ? {} : { platform }) },
        { toolbox, signal: this.job.signal },
      );
      reporter.skip(`${reference} as ${shortDigest(found.wanted)}; the nodes pull it from there`);
      const source = { reference, digest: found.digest, ...(found.platform ? { platform: found.platform } : {}) };
      return { repository: found.name, digest: found.wanted, source };
    });
  }

  private async withApi<T>(work: (api: KubeApi) => Promise<T>): Promise<T> {
    const api = await KubeApi.open(this.cluster);
    try {
      return await work(api);
    } finally {
      api.close();
    }
  }
}
