import { orCancelled } from '../base';
import type { Service } from '../project';
import { Helm, KubeApi, dockerFailure, releaseHistory, type ClusterAccess, type Docker, type Toolbox } from '../tools';
import { withLock } from './lock';
import { SERVICES_NAMESPACE, SERVICES_RELEASE } from './names';
import { awaitWorkloads, releaseWorkloads } from './readiness';
import {
  enabledServices,
  hashFolder,
  readServiceFiles,
  releaseContent,
  type ProvideImage,
  type ServiceFile,
  type ServiceValues,
} from './service-values';
import type { RegistryAddress } from './types';

export interface ServicesOptions {
  readonly toolbox: Toolbox;
  readonly docker: Docker;
  readonly services: readonly Service[];
  /** Folder of the chart. */
  readonly chart: string;
  readonly provideImage: ProvideImage;
  /** Names the lock by which processes take turns. */
  readonly lockFile: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: (message: string) => void;
}

/** Label of the release's record: what it was made from. */
const CONTENT_LABEL = 'vapp-content';

/** The runtime services as one Helm release. */
export class ServicesRelease {
  private readonly services: readonly Service[];
  private readonly images = new Map<string, Promise<{ repository: string; digest: string }>>();

  constructor(private readonly options: ServicesOptions) {
    this.services = enabledServices(options.services);
  }

  /** Begins to put the images into the registry, for a cluster that is just being made. Failures show in {@link deploy}. */
  prepare(registry: RegistryAddress): void {
    for (const { image } of this.services) this.provide(image, registry).catch(() => undefined);
  }

  /**
   * Brings the release up to date, if it is not, and waits until its workloads are ready.
   *
   * @throws Failure with the reason when a workload cannot become ready; Cancelled.
   */
  async deploy(access: ClusterAccess, registry: RegistryAddress): Promise<void> {
    const { lockFile, signal } = this.options;
    const api = await KubeApi.open(access);
    try {
      await withLock(lockFile, { signal }, (held) => this.bringUpToDate(api, access, registry, held));
      if (this.services.length > 0) await awaitWorkloads(api, this.services, signal);
    } finally {
      api.close();
    }
  }

  private async bringUpToDate(api: KubeApi, access: ClusterAccess, registry: RegistryAddress, signal: AbortSignal) {
    const helm = new Helm(this.options.toolbox, access);
    const latest = (await releaseHistory(api, SERVICES_RELEASE, SERVICES_NAMESPACE, signal))[0];
    if (this.services.length === 0) {
      if (latest) await helm.uninstall(SERVICES_RELEASE, SERVICES_NAMESPACE, { signal });
      return;
    }
    const files = await Promise.all(this.services.map(readServiceFiles));
    const chart = await hashFolder(this.options.chart);
    const wanted = await this.content(chart, files);
    if (latest?.status === 'deployed' && latest.labels[CONTENT_LABEL] === wanted) {
      const workloads = await releaseWorkloads(api, signal);
      if (workloads.length >= this.services.length) return;
    }
    // We hold the lock, so a release that is still pending was left so by someone who died; Helm would refuse it.
    if (latest?.status.startsWith('pending')) await helm.uninstall(SERVICES_RELEASE, SERVICES_NAMESPACE, { signal });

    this.options.onProgress(`Deploying ${this.services.map(({ id }) => id).join(', ')}`);
    const values = await this.values(registry, files, signal);
    await helm.upgradeInstall(
      {
        release: SERVICES_RELEASE,
        namespace: SERVICES_NAMESPACE,
        chartPath: this.options.chart,
        valuesFiles: [],
        values: { services: values },
        labels: { [CONTENT_LABEL]: await this.content(chart, files) },
      },
      { signal },
    );
  }

  private async values(
    registry: RegistryAddress,
    files: readonly (readonly ServiceFile[])[],
    signal: AbortSignal,
  ): Promise<ServiceValues[]> {
    const images = Promise.all(this.services.map(({ image }) => this.provide(image, registry)));
    const pinned = await orCancelled(images, signal);
    return this.services.map(({ id, args, env, ports }, index) => ({
      id,
      image: `${pinned[index]?.repository ?? ''}@${pinned[index]?.digest ?? ''}`,
      args,
      env,
      ports: ports.map(({ container, node }) => ({ container, ...(node === undefined ? {} : { node }) })),
      files: files[index] ?? [],
    }));
  }

  private provide(image: string, registry: RegistryAddress) {
    let provided = this.images.get(image);
    if (!provided) {
      provided = this.options.provideImage(image, registry);
      this.images.set(image, provided);
    }
    return provided;
  }

  private async content(chart: string, files: readonly (readonly ServiceFile[])[]): Promise<string> {
    const images = [...new Set(this.services.map(({ image }) => image))];
    const ids = await Promise.all(images.map((image) => this.imageId(image)));
    return releaseContent(
      chart,
      this.services,
      files,
      new Map(images.map((image, index) => [image, ids[index] ?? image])),
    );
  }

  /** Which image a name stands for in the engine now; undefined when it is not there. */
  private async imageId(image: string): Promise<string | undefined> {
    try {
      return (await this.options.docker.getImage(image).inspect()).Id;
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode === 404) return undefined;
      throw dockerFailure(error);
    }
  }
}
