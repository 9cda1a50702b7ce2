import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isCancelled, messageOf, throwIfCancelled } from '../base';
import type { RuntimeSettings, Service } from '../project';
import { dockerFailure, type Docker, type Toolbox } from '../tools';
import { ActivityNote } from './activity';
import { readAuthorities } from './authorities';
import { BackgroundStart } from './background-start';
import { pullEarly } from './early-pull';
import { readObjects, removeObjects, stopContainers, type Engine } from './engine-changes';
import { isEmpty, kubernetesNodes, registryAddress, stateOf, type EngineObjects } from './engine-objects';
import { withLock } from './lock';
import { clusterDirectory, clusterName, kubeAccess } from './names';
import type { NodePort } from './ports';
import { findReach, nodePortAddress, portProbe, refuseRemoteEngine, type Reach } from './reach';
import { sweepRegistry } from './registry';
import { serviceEndpoints, type ProvideImage } from './service-values';
import { ServicesRelease } from './services';
import { Startup, type StartedCluster } from './startup';
import type { RegistryAddress, Runtime, RuntimeEvent, RuntimeStatus, ServiceEndpoint } from './types';
import { wantedPorts, type WantedPort } from './wanted-ports';

export interface LocalRuntimeOptions {
  readonly toolbox: Toolbox;
  readonly docker: Docker;
  /** The workspace's identity, which becomes the runtime's; see `identityOf`. */
  readonly workspace: string;
  readonly settings: RuntimeSettings;
  readonly services: readonly Service[];
  /** Absolute path of a PEM file: certificate authorities that the nodes trust in addition. */
  readonly caCertificate?: string;
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
  /** Called as soon as the registry takes pushes, long before the nodes are up; `creating`: those are new ones. */
  readonly onRegistry?: (registry: RegistryAddress, creating: boolean) => void;
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
  private readonly note: ActivityNote;

  constructor(private readonly options: LocalRuntimeOptions) {
    this.cluster = clusterName(options.workspace);
    this.note = new ActivityNote(options.dataDirectory, this.cluster);
  }

  /** Whether it is known before a pod is placed which node gets it. */
  get hasOneNode(): boolean {
    return this.options.settings.agents === 0;
  }

  /** What there is, without changing anything. That Docker does not answer is a state, not an error. */
  async status(signal?: AbortSignal): Promise<RuntimeStatus> {
    let objects: EngineObjects;
    let engine: Engine;
    try {
      engine = await this.engine(signal);
      objects = await readObjects(engine);
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
      ...(objects.registry ? { registry: registryAddress(engine.reach, this.cluster, objects.registry.hostPort) } : {}),
      services: state === 'absent' ? [] : this.endpoints(engine.reach, objects.ports?.nodePorts ?? []),
      ...(state === 'running' && existsSync(access.kubeconfig) ? { access } : {}),
    };
  }

  /**
   * The ports of localhost that the runtime has, or will wish for, and whether it can have them; it changes nothing.
   *
   * @throws Failure `docker-*`, `runtime-name-taken`; Cancelled.
   */
  async wantedPorts(signal?: AbortSignal): Promise<WantedPort[]> {
    const { docker, settings, services } = this.options;
    const engine = await this.engine(signal);
    return wantedPorts(await readObjects(engine), settings, services, portProbe(engine.reach, docker));
  }

  /**
   * Creates the runtime, resumes it, or finds it running. When it fails or is cancelled, what was there before is as
   * it was, and nothing else is.
   *
   * @throws Failure `docker-*` (`docker-host-remote` among them), `tool-missing`, `runtime-name-taken`, `cluster-not-created`, `cluster-not-ready`,
   * `image-unavailable`, `ca-certificate-invalid`, `no-free-port`, `registry-not-ready`, `runtime-lock-lost`; Cancelled.
   */
  async up(options: UpOptions): Promise<StartedRuntime> {
    const { toolbox, docker, services, settings, dataDirectory, servicesChart, caCertificate } = this.options;
    const emit = this.noted(options.onEvent);
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
    const engine = await this.engine(options.signal);
    await refuseRemoteEngine(docker, engine.reach);
    const authorities = caCertificate === undefined ? undefined : await readAuthorities(caCertificate);
    let held!: Promise<void>;
    const started = await new Promise<StartedCluster>((resolve, reject) => {
      held = this.locked(options, async (signal) => {
        const startup = new Startup({
          engine: { ...engine, signal },
          settings,
          services,
          authorities,
          dataDirectory,
          emit,
          onRegistry: (registry, creating) => {
            if (creating) release.prepare(registry);
            options.onRegistry?.(registry, creating);
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
      services: this.endpoints(engine.reach, started.nodePorts),
      servicesReady,
    };
  }

  /**
   * Pulls an image on the server of a cluster that is on its way up, while Kubernetes is not there yet; see
   * {@link pullEarly}.
   *
   * @throws Failure `docker-*`; Cancelled.
   */
  async pullEarly(image: string, up: Promise<unknown>, needless: AbortSignal, signal?: AbortSignal): Promise<boolean> {
    return pullEarly(await this.engine(signal), image, up, needless);
  }

  /**
   * Stops nodes and registry; everything in them stays for the next start. That nothing runs is no failure.
   * Once begun, it goes on to its end.
   */
  async stop(options: ChangeOptions = {}): Promise<void> {
    const emit = this.noted(options.onEvent);
    await this.locked(options, async (signal) => {
      const engine = await this.engine();
      const objects = await readObjects({ ...engine, signal });
      const state = stateOf(objects);
      if (state === 'absent' && isEmpty(objects)) return;
      throwIfCancelled(signal);
      emit({ type: 'state', state: 'stopping' });
      await sweepRegistry(engine, objects).catch((error: unknown) =>
        emit({ type: 'warning', message: `The registry's space could not be freed: ${messageOf(error)}` }),
      );
      await stopContainers(engine, objects);
      emit({ type: 'state', state: state === 'absent' ? 'absent' : 'stopped' });
    });
  }

  /**
   * Removes cluster, registry, images in it, volumes, network and kubeconfig. That there is nothing is no failure.
   * Once begun, it goes on to its end. It does not ask k3d, which would edit the user's own kubeconfig.
   */
  async delete(options: ChangeOptions = {}): Promise<void> {
    const emit = this.noted(options.onEvent);
    await this.locked(options, async (signal) => {
      const engine = await this.engine();
      const objects = await readObjects({ ...engine, signal });
      throwIfCancelled(signal);
      if (!isEmpty(objects)) {
        emit({ type: 'state', state: 'deleting' });
        await removeObjects(engine);
      }
      const { dataDirectory } = this.options;
      await rm(clusterDirectory(dataDirectory, this.cluster), { recursive: true, force: true });
      await new BackgroundStart(dataDirectory, this.cluster).forget();
      emit({ type: 'state', state: 'absent' });
    });
  }

  private async engine(signal?: AbortSignal): Promise<Engine> {
    const { docker, toolbox, workspace } = this.options;
    const reach = await findReach(docker, signal);
    return { docker, toolbox, workspace, reach, cluster: this.cluster, signal };
  }

  private endpoints(reach: Reach, nodePorts: readonly NodePort[]): ServiceEndpoint[] {
    return serviceEndpoints(this.options.services, nodePorts, (port) => nodePortAddress(reach, this.cluster, port));
  }

  private locked<T>(options: ChangeOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const onWait = () =>
      options.onEvent?.({ type: 'progress', message: 'Another vapp is changing this runtime; waiting for it' });
    return withLock(this.lockFile(), { signal: options.signal, onWait }, async (signal) => {
      try {
        return await work(signal);
      } finally {
        this.note.clear();
      }
    });
  }

  /** Hands events on, and tells the other processes of the machine what is being done. */
  private noted(onEvent: ChangeOptions['onEvent']): (event: RuntimeEvent) => void {
    return (event) => {
      this.note.follow(event);
      onEvent?.(event);
    };
  }

  private lockFile(suffix = ''): string {
    return join(this.options.dataDirectory, `${this.cluster}${suffix}`);
  }
}
