import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isCancelled, messageOf, throwIfCancelled } from '../base';
import type { RuntimeSettings, Service } from '../project';
import { dockerFailure, type Docker, type Toolbox } from '../tools';
import { readObjects, removeObjects, stopContainers, type Engine } from './engine-changes';
import { isEmpty, kubernetesNodes, registryAddress, stateOf, type EngineObjects } from './engine-objects';
import { withLock } from './lock';
import { clusterDirectory, clusterName, kubeAccess } from './names';
import { serviceEndpoints, type ProvideImage } from './service-values';
import { ServicesRelease } from './services';
import { Startup, type StartedCluster } from './startup';
import type { RegistryAddress, Runtime, RuntimeEvent, RuntimeStatus } from './types';

export interface LocalRuntimeOptions {
  readonly toolbox: Toolbox;
  readonly docker: Docker;
  /** Absolute path of the workspace, symbolic links resolved: the runtime's identity. */
  readonly workspace: string;
  readonly settings: RuntimeSettings;
  readonly services: readonly Service[];
  /** `$XDG_DATA_HOME/vscode-velocitas`; each cluster has a folder below it. */
  readonly dataDirectory: string;
  /** Folder of the chart `runtime-services`. */
  readonly servicesChart: string;
}

export interface ChangeOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: (event: RuntimeEvent) => void;
}

export interface UpOptions extends ChangeOptions {
  /** Called as soon as the registry takes pushes, long before the nodes are up. */
  readonly onRegistry?: (registry: RegistryAddress) => void;
  /** Puts a service's image into the registry. */
  readonly provideImage: ProvideImage;
}

/** A runtime that has come up. Its services may still be on their way. */
export interface StartedRuntime extends Runtime {
  /** Settles when the services' workloads are ready. Whoever does not wait for it need not handle its failure. */
  readonly servicesReady: Promise<void>;
}

/**
 * The Kubernetes of one workspace on this machine: a k3d cluster and an image registry. All processes of the machine
 * share it and take turns in changing it. The engine alone knows what there is: nothing is remembered elsewhere that
 * could disagree with it.
 */
export class LocalRuntime {
  readonly cluster: string;

  constructor(private readonly options: LocalRuntimeOptions) {
    this.cluster = clusterName(options.workspace);
  }

  /** What there is, without changing anything. That Docker does not answer is a state, not an error. */
  async status(signal?: AbortSignal): Promise<RuntimeStatus> {
    let objects: EngineObjects;
    try {
      objects = await readObjects(this.engine(signal));
    } catch (error) {
      if (isCancelled(error, signal)) throw error;
      return { state: 'unknown', failure: dockerFailure(error), cluster: this.cluster, nodes: [], services: [] };
    }
    const state = stateOf(objects);
    const access = kubeAccess(this.options.dataDirectory, this.cluster);
    return {
      state,
      cluster: this.cluster,
      nodes: kubernetesNodes(objects).map(({ name, role, state: nodeState }) => ({ name, role, state: nodeState })),
      ...(objects.registry ? { registry: registryAddress(objects.registry.hostPort) } : {}),
      services: state === 'absent' ? [] : serviceEndpoints(this.options.services, objects.ports?.nodePorts ?? []),
      ...(state === 'running' && existsSync(access.kubeconfig) ? { access } : {}),
    };
  }

  /**
   * Creates the runtime, resumes it, or finds it running. When it fails or is cancelled, what was there before is as
   * it was, and nothing else is.
   *
   * @throws Failure `docker-*`, `tool-missing`, `runtime-name-taken`, `cluster-not-created`, `cluster-not-ready`,
   * `image-unavailable`, `no-free-port`, `registry-not-ready`, `runtime-lock-lost`; Cancelled.
   */
  async up(options: UpOptions): Promise<StartedRuntime> {
    const { toolbox, docker, services, settings, dataDirectory, servicesChart } = this.options;
    const emit = options.onEvent ?? (() => undefined);
    const release = new ServicesRelease({
      toolbox,
      docker,
      services,
      chart: servicesChart,
      provideImage: options.provideImage,
      lockFile: this.lockFile('.services'),
      signal: options.signal,
      onProgress: (message) => emit({ type: 'progress', message }),
    });
    let held!: Promise<void>;
    const started = await new Promise<StartedCluster>((resolve, reject) => {
      held = this.locked(options, async (signal) => {
        const startup = new Startup({
          engine: this.engine(signal),
          settings,
          services,
          dataDirectory,
          emit,
          onRegistry: (registry, creating) => {
            if (creating) release.prepare(registry);
            options.onRegistry?.(registry);
          },
        });
        const cluster = await startup.run();
        resolve(cluster);
        await cluster.finished.catch((error: unknown) => {
          if (!isCancelled(error, signal)) emit({ type: 'warning', message: messageOf(error) });
        });
      });
      held.catch(reject);
    });

    const servicesReady = Promise.all([release.deploy(started.access, started.registry), held]).then(() => undefined);
    servicesReady.catch(() => undefined);
    return {
      cluster: this.cluster,
      access: started.access,
      registry: started.registry,
      services: serviceEndpoints(services, started.nodePorts),
      servicesReady,
    };
  }

  /**
   * Stops nodes and registry; everything in them stays for the next start. That nothing runs is no failure.
   * Once begun, it goes on to its end.
   */
  async stop(options: ChangeOptions = {}): Promise<void> {
    await this.locked(options, async (signal) => {
      const engine = this.engine();
      const objects = await readObjects({ ...engine, signal });
      const state = stateOf(objects);
      if (state === 'absent' && isEmpty(objects)) return;
      throwIfCancelled(signal);
      options.onEvent?.({ type: 'state', state: 'stopping' });
      await stopContainers(engine, objects);
      options.onEvent?.({ type: 'state', state: state === 'absent' ? 'absent' : 'stopped' });
    });
  }

  /**
   * Removes cluster, registry, images in it, volumes, network and kubeconfig. That there is nothing is no failure.
   * Once begun, it goes on to its end. It does not ask k3d, which would edit the user's own kubeconfig.
   */
  async delete(options: ChangeOptions = {}): Promise<void> {
    await this.locked(options, async (signal) => {
      const engine = this.engine();
      const objects = await readObjects({ ...engine, signal });
      throwIfCancelled(signal);
      if (!isEmpty(objects)) {
        options.onEvent?.({ type: 'state', state: 'deleting' });
        await removeObjects(engine);
      }
      await rm(clusterDirectory(this.options.dataDirectory, this.cluster), { recursive: true, force: true });
      options.onEvent?.({ type: 'state', state: 'absent' });
    });
  }

  private engine(signal?: AbortSignal): Engine {
    const { docker, toolbox, workspace } = this.options;
    return { docker, toolbox, workspace, cluster: this.cluster, signal };
  }

  private locked<T>(options: ChangeOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const onWait = () =>
      options.onEvent?.({ type: 'progress', message: 'Another vapp is changing this runtime; waiting for it' });
    return withLock(this.lockFile(), { signal: options.signal, onWait }, work);
  }

  private lockFile(suffix = ''): string {
    return join(this.options.dataDirectory, `${this.cluster}${suffix}`);
  }
}
