import { rm } from 'node:fs/promises';
import { Failure, messageOf } from '../base';
import type { RuntimeSettings, Service } from '../project';
import { ToolFailure, type ClusterAccess } from '../tools';
import { awaitCluster, createCluster, resumeCluster } from './cluster';
import { containerdIsBack } from './containerd';
import {
  ensureImage,
  readObjects,
  removeContainers,
  removeNodes,
  removeObjects,
  stopContainers,
  type Engine,
} from './engine-changes';
import { isEmpty, kubernetesNodes, registryAddress, stateOf, type EngineObjects } from './engine-objects';
import { imageUnavailable } from './k3d-output';
import { configurationHash, k3sImage, wantedNodePorts } from './k3d-config';
import { LABEL, REGISTRY_IMAGE, kubeAccess, clusterDirectory, objectNames } from './names';
import { PortChooser, preferredPorts, takenPort, type NodePort, type PortPlan, type PortProbe } from './ports';
import { nodeProxies } from './proxies';
import { portProbe } from './reach';
import { createRegistry, ensureNetwork, registryReady, startRegistry } from './registry';
import type { RegistryAddress, RuntimeEvent } from './types';

export interface StartupOptions {
  /** Its signal ends the start. */
  readonly engine: Engine;
  readonly settings: RuntimeSettings;
  readonly services: readonly Service[];
  /** PEM of the certificate authorities that the nodes trust in addition. */
  readonly authorities: string | undefined;
  readonly dataDirectory: string;
  readonly emit: (event: RuntimeEvent) => void;
  /** Called when the registry takes pushes; `creating` says whether the cluster is being made anew. */
  readonly onRegistry: (registry: RegistryAddress, creating: boolean) => void;
}

export interface StartedCluster {
  readonly access: ClusterAccess;
  readonly registry: RegistryAddress;
  readonly nodePorts: readonly NodePort[];
  /** Settles when k3d has done its last steps; the lock is needed until then. */
  readonly finished: Promise<void>;
}

type Nodes = Pick<StartedCluster, 'nodePorts' | 'finished'>;

/** How often something is tried because somebody took a port between our look and the engine's, or containerd ended. */
const ATTEMPTS = 4;

/** One creation or resumption of a cluster with its registry. Whoever runs it holds the cluster's lock. */
export class Startup {
  private readonly isPortFree: PortProbe;
  private readonly ports: PortChooser;
  private readonly access: ClusterAccess;
  private nodesRemoved = false;

  constructor(private readonly options: StartupOptions) {
    const { engine, dataDirectory } = options;
    this.access = kubeAccess(dataDirectory, engine.cluster);
    this.isPortFree = portProbe(engine.reach, engine.docker);
    this.ports = new PortChooser(this.isPortFree);
  }

  /** Brings everything up. When that fails or is cancelled, what was there before is as it was, and nothing else is. */
  async run(): Promise<StartedCluster> {
    const before = await readObjects(this.options.engine);
    try {
      return await this.bringUp(before);
    } catch (error) {
      await this.restore(before);
      throw error;
    }
  }

  private async bringUp(before: EngineObjects): Promise<StartedCluster> {
    const objects = await this.discardUnusable(before);
    const creating = stateOf(objects) === 'absent';
    if (stateOf(objects) !== 'running') this.options.emit({ type: 'state', state: 'starting' });
    await ensureNetwork(this.options.engine, objects);

    const group = new AbortController();
    const { signal: outer } = this.options.engine;
    const engine = { ...this.options.engine, signal: outer ? AbortSignal.any([outer, group.signal]) : group.signal };
    const tasks = [
      this.bringRegistry(engine, objects, creating),
      creating ? this.create(engine, before) : this.resume(engine, objects),
    ] as const;
    let failed: unknown;
    for (const task of tasks) {
      task.catch((error: unknown) => {
        failed ??= error;
        group.abort();
      });
    }
    const [registry, cluster] = await Promise.allSettled(tasks);
    if (registry.status === 'rejected' || cluster.status === 'rejected') throw failed;
    this.options.emit({ type: 'state', state: 'running' });
    return { access: this.access, registry: registry.value, ...cluster.value };
  }

  /** Takes away what an interrupted creation left, and a cluster that the settings no longer fit. */
  private async discardUnusable(objects: EngineObjects): Promise<EngineObjects> {
    const { engine } = this.options;
    if (stateOf(objects) === 'absent') {
      if (isEmpty(objects)) return objects;
      this.progress('Removing what an interrupted start left behind');
      await removeObjects(engine);
      return readObjects(engine);
    }
    if (this.fits(objects)) return objects;
    this.warn('The settings of the runtime have changed, so its cluster is created anew.');
    return this.discardNodes(engine);
  }

  private fits(objects: EngineObjects): boolean {
    const wanted = this.configuration;
    return kubernetesNodes(objects).every(({ labels }) => labels[LABEL.configuration] === wanted);
  }

  private get configuration(): string {
    const { settings, services, authorities } = this.options;
    return configurationHash(settings, services, authorities);
  }

  private async discardNodes(engine: Engine): Promise<EngineObjects> {
    this.nodesRemoved = true;
    await removeNodes(engine);
    return readObjects(engine);
  }

  private async bringRegistry(engine: Engine, objects: EngineObjects, creating: boolean): Promise<RegistryAddress> {
    const port = await this.startRegistry(engine, objects);
    await registryReady(engine, port);
    const address = registryAddress(engine.reach, engine.cluster, port);
    this.options.onRegistry(address, creating);
    return address;
  }

  /** Answers the port of this machine at which the registry was started. */
  private async startRegistry(engine: Engine, objects: EngineObjects): Promise<number> {
    const existing = objects.registry;
    if (existing?.state === 'running') return existing.hostPort;
    const name = objectNames(engine.cluster).registry;
    const wish = existing?.hostPort || preferredPorts(engine.cluster).registry;
    let port = await this.ports.next(wish);
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (existing && attempt === 1 && port === existing.hostPort) {
          await startRegistry(engine, existing.id);
        } else {
          if (existing && attempt === 1)
            this.warn(`Port ${wish} of localhost is taken; the registry moves to ${port}.`);
          await removeContainers(engine, [name]);
          await this.ensureImage(engine, REGISTRY_IMAGE);
          await createRegistry(engine, port);
        }
        return port;
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
        if (takenPortOf(error) !== undefined) port = await this.ports.next(wish);
        else if (!(await this.containerdIsBack(engine, error))) throw error;
      }
    }
  }

  private async resume(engine: Engine, objects: EngineObjects): Promise<Nodes> {
    const { ports } = objects;

    if (!ports) throw new Error('a cluster that is there has a server');
    const boot = { engine, access: this.access, apiPort: ports.api, onProgress: (text: string) => this.progress(text) };
    const nodes = kubernetesNodes(objects);
    if (nodes.every(({ state }) => state === 'running')) {
      return { nodePorts: ports.nodePorts, ...(await awaitCluster(boot)) };
    }
    const serverRuns = nodes.some(({ role, state }) => role === 'server' && state === 'running');
    const taken = serverRuns
      ? undefined
      : await this.firstTaken([ports.api, ...ports.nodePorts.map(({ host }) => host)]);
    if (taken !== undefined) return this.createOnOtherPorts(engine, objects, taken);
    // Left by a k3d that was ended in the middle. k3d would count it among the cluster's nodes, remove it, and then miss it.
    const tools = objects.nodes.filter(({ name }) => name === objectNames(engine.cluster).tools);
    await removeContainers(
      engine,
      tools.map(({ id }) => id),
    );
    for (let attempt = 1; ; attempt += 1) {
      try {
        return { nodePorts: ports.nodePorts, ...(await resumeCluster(boot)) };
      } catch (error) {
        const lost = takenPortOf(error);
        if (lost !== undefined) return this.createOnOtherPorts(engine, objects, lost);
        if (attempt === ATTEMPTS || !(await this.containerdIsBack(engine, error))) throw error;
      }
    }
  }

  private async createOnOtherPorts(engine: Engine, objects: EngineObjects, taken: number): Promise<Nodes> {
    this.warn(
      `Another program took port ${taken} of localhost while the runtime was stopped. ` +
        'A cluster cannot change its ports, so it is created anew on free ones.',
    );
    await this.discardNodes(engine);
    return this.create(engine, objects);
  }

  /** Creates the cluster, on the ports it had before where they are still wanted and free. */
  private async create(engine: Engine, before: EngineObjects): Promise<Nodes> {
    const { settings, authorities, emit } = this.options;
    const { env, unreachable } = nodeProxies(engine.toolbox.env, engine.cluster, settings.agents);
    if (unreachable.length > 0) {
      emit({
        type: 'warning',
        message: `${unreachable.join(' and ')} name a proxy on this machine's loopback, which the cluster cannot reach; it does without.`,
      });
    }
    await this.ensureImage(engine, k3sImage(settings));
    let ports = await this.choosePorts(before);
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { finished } = await createCluster(
          {
            cluster: engine.cluster,
            workspace: engine.workspace,
            image: k3sImage(settings),
            agents: settings.agents,
            ports,
            configuration: this.configuration,
            nodeEnvironment: env,
            authorities,
          },
          { engine, access: this.access, apiPort: ports.api, onProgress: (text) => this.progress(text) },
          settings.k3sImage?.range,
        );
        this.tellMovedPorts(ports.nodePorts);
        return { nodePorts: ports.nodePorts, finished };
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
        if (takenPortOf(error) !== undefined) ports = await this.choosePorts(before);
        else if (!(await this.containerdIsBack(engine, error))) throw error;
        await removeNodes(engine);
      }
    }
  }

  private async choosePorts(before: EngineObjects): Promise<PortPlan> {
    const { engine, settings, services } = this.options;
    const wishes = wantedNodePorts(settings, services);
    const remembered = this.fits(before) ? (before.ports?.nodePorts ?? []) : [];
    return {
      nodePorts: await this.ports.nodePorts(
        wishes.map((wish) => remembered.find(({ node }) => node === wish.node) ?? wish),
      ),
      api: await this.ports.next(before.ports?.api || preferredPorts(engine.cluster).api),
    };
  }

  private tellMovedPorts(chosen: readonly NodePort[]): void {
    for (const { host, node } of wantedNodePorts(this.options.settings, this.options.services)) {
      const actual = chosen.find((port) => port.node === node)?.host;
      if (actual !== undefined && actual !== host) {
        this.warn(`Port ${host} of localhost is taken; node port ${node} is at localhost:${actual} instead.`);
      }
    }
  }

  /** {@link containerdIsBack} */
  private containerdIsBack(engine: Engine, error: unknown): Promise<boolean> {
    return containerdIsBack(engine, error, () => this.progress('Docker’s containerd has ended; waiting for it'));
  }

  private async firstTaken(ports: readonly number[]): Promise<number | undefined> {
    const free = await Promise.all(ports.map((port) => this.isPortFree(port)));
    return ports[free.indexOf(false)];
  }

  private async ensureImage(engine: Engine, image: string): Promise<void> {
    try {
      await ensureImage(engine, image, () => this.progress(`Pulling ${image}`));
    } catch (error) {
      if (!(error instanceof ToolFailure) || error.code !== 'tool-failed') throw error;
      const { k3sImage: wanted } = this.options.settings;
      const lines = error.stderr.trim().split(/\r?\n/);
      throw imageUnavailable(image, lines, error, wanted?.value === image ? wanted.range : undefined);
    }
  }

  private async restore(before: EngineObjects): Promise<void> {
    const engine: Engine = { ...this.options.engine, signal: undefined };
    const state = stateOf(before);
    try {
      if (state === 'absent' || this.nodesRemoved) {
        await removeObjects(engine);
        await rm(clusterDirectory(this.options.dataDirectory, engine.cluster), { recursive: true, force: true });
        this.options.emit({ type: 'state', state: 'absent' });
      } else if (state === 'stopped') {
        await stopContainers(engine, await readObjects(engine));
        this.options.emit({ type: 'state', state: 'stopped' });
      }
    } catch (error) {
      // What made the start fail is what the user has to know; the next start finds and removes what is left.
      this.warn(`What the start had begun could not be undone: ${messageOf(error)}`);
    }
  }

  private progress(message: string): void {
    this.options.emit({ type: 'progress', message });
  }

  private warn(message: string): void {
    this.options.emit({ type: 'warning', message });
  }
}

function takenPortOf(error: unknown): number | undefined {
  return error instanceof Failure ? takenPort([error.summary, ...error.evidence].join('\n')) : undefined;
}
