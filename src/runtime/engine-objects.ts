import { Failure } from '../base';
import { dockerFailure, type Docker } from '../tools';
import { K3D_LABEL, LABEL, REGISTRY_PULL_ADDRESS, objectNames } from './names';
import type { NodePort } from './ports';
import { registryHost, type Reach } from './reach';
import type { RegistryAddress, RuntimeState } from './types';

/** A container of the cluster or of its registry. */
export interface EngineContainer {
  readonly id: string;
  readonly name: string;
  readonly role: 'server' | 'agent' | 'registry' | 'other';
  /** Docker's word: created, running, paused, restarting, removing, exited, dead. */
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Container port → port of this machine, also while it is stopped. */
  readonly published: ReadonlyMap<number, number>;
}

/** What the engine holds of one cluster, at one moment. */
export interface EngineObjects {
  readonly cluster: string;
  /** Nodes and helpers of k3d's; without the registry. */
  readonly nodes: readonly EngineContainer[];
  readonly registry?: EngineContainer & { readonly hostPort: number };
  readonly networkId?: string;
  readonly volumes: readonly string[];
  /** Whether the cluster was created to its end, and not cut short by the death of whoever created it. */
  readonly complete: boolean;
  /** Of the server, even while it is stopped. */
  readonly ports?: { readonly api: number; readonly nodePorts: readonly NodePort[] };
}

/**
 * Asks the engine what there is of a cluster.
 *
 * @throws Failure `runtime-name-taken` when something there bears the cluster's name and not our label; `docker-*`.
 */
export async function readEngineObjects(docker: Docker, cluster: string, workspace: string): Promise<EngineObjects> {
  const names = objectNames(cluster);
  try {
    const [containers, networks, volumes] = await Promise.all([
      docker.listContainers({ all: true }),
      docker.listNetworks({ filters: { name: [names.network] } }),
      docker.listVolumes({ filters: { name: [names.network] } }),
    ]);
    const ofCluster = containers.filter(
      ({ Labels, Names }) => Labels[K3D_LABEL.cluster] === cluster || Names.includes(`/${names.registry}`),
    );
    const network = networks.find(({ Name }) => Name === names.network);
    const ofVolumes = volumes.Volumes.filter(
      ({ Name, Labels }) =>
        labelsOf(Labels)[K3D_LABEL.cluster] === cluster ||
        labelsOf(Labels)[LABEL.cluster] === cluster ||
        Name === names.registryVolume ||
        Name === names.completionMark,
    );
    const inspected = await Promise.all(ofCluster.map(({ Id }) => inspect(docker, Id, names.registry)));
    const found = inspected.filter((container) => container !== undefined);
    refuseForeign(cluster, workspace, [
      // k3d's helper containers carry no labels of ours; they belong to whom the nodes belong to.
      ...found
        .filter(({ role }) => role !== 'other')
        .map(({ name, labels }) => ({ name: `container ${name}`, labels })),
      ...(network ? [{ name: `network ${network.Name}`, labels: labelsOf(network.Labels) }] : []),
    ]);
    const registry = found.find(({ role }) => role === 'registry');
    const server = found.find(({ role }) => role === 'server');
    return {
      cluster,
      nodes: found.filter((container) => container !== registry),
      ...(registry ? { registry: { ...registry, hostPort: registry.published.get(5000) ?? 0 } } : {}),
      ...(network ? { networkId: network.Id } : {}),
      volumes: ofVolumes.map(({ Name }) => Name),
      complete: ofVolumes.some(({ Name }) => Name === names.completionMark),
      ...(server ? { ports: serverPorts(server.published) } : {}),
    };
  } catch (error) {
    throw dockerFailure(error);
  }
}

/** The nodes that run Kubernetes, without helpers. */
export function kubernetesNodes(objects: EngineObjects): EngineContainer[] {
  return objects.nodes.filter(({ role }) => role === 'server' || role === 'agent');
}

/** A cluster whose creation was cut short counts as absent: there is nothing in it to keep. */
export function stateOf(objects: EngineObjects): Exclude<RuntimeState, 'unknown'> {
  const nodes = kubernetesNodes(objects);
  if (!objects.complete || !nodes.some(({ role }) => role === 'server')) return 'absent';
  const parts = [...nodes, ...(objects.registry ? [objects.registry] : [])];
  return objects.registry && parts.every(({ state }) => state === 'running') ? 'running' : 'stopped';
}

/** Whether the engine holds anything at all of the cluster. */
export function isEmpty(objects: EngineObjects): boolean {
  return !objects.registry && objects.nodes.length + objects.volumes.length === 0 && objects.networkId === undefined;
}

export function registryAddress(reach: Reach, cluster: string, hostPort: number): RegistryAddress {
  return {
    push: `localhost:${hostPort}`,
    ...(reach.container === undefined ? {} : { direct: registryHost(reach, cluster, hostPort) }),
    pull: REGISTRY_PULL_ADDRESS,
  };
}

// The engine says null where the API promises a map.
function labelsOf(labels: Readonly<Record<string, string>> | null | undefined): Readonly<Record<string, string>> {
  return labels ?? {};
}

function roleOf(name: string, labels: Readonly<Record<string, string>>, registry: string): EngineContainer['role'] {
  if (name === registry) return 'registry';
  const role = labels[K3D_LABEL.role];
  return role === 'server' || role === 'agent' ? role : 'other';
}

/**
 * Asks for one container itself: the engine's list may lag behind, even after a stop has been answered. Undefined when it
 * has gone meanwhile, as k3d's helpers do.
 */
async function inspect(docker: Docker, id: string, registry: string): Promise<EngineContainer | undefined> {
  const answer = await docker.getContainer(id).inspect().catch(unlessGone);
  if (!answer) return undefined;
  const { Name, Config, State, HostConfig } = answer;
  const name = Name.replace(/^\//, '');
  const bindings = (HostConfig.PortBindings ?? {}) as Record<string, { HostPort?: string }[] | null>;
  return {
    id,
    name,
    role: roleOf(name, Config.Labels, registry),
    state: State.Status,
    labels: Config.Labels,
    published: new Map(
      Object.entries(bindings).map(([port, hosts]) => [Number.parseInt(port, 10), Number(hosts?.[0]?.HostPort ?? 0)]),
    ),
  };
}

function unlessGone(error: unknown): undefined {
  if ((error as { statusCode?: number }).statusCode !== 404) throw error;
}

const API_PORT = 6443;

function serverPorts(ports: ReadonlyMap<number, number>): { api: number; nodePorts: NodePort[] } {
  return {
    api: ports.get(API_PORT) ?? 0,
    nodePorts: [...ports].filter(([port]) => port !== API_PORT).map(([node, host]) => ({ host, node })),
  };
}

function refuseForeign(
  cluster: string,
  workspace: string,
  objects: readonly { name: string; labels: Readonly<Record<string, string>> }[],
): void {
  const foreign = objects.filter(({ labels }) => labels[LABEL.workspace] !== workspace);
  if (foreign.length === 0) return;
  throw new Failure({
    code: 'runtime-name-taken',
    fault: 'environment',
    summary: `Docker holds a cluster ${cluster} that is not this workspace's runtime; it is left untouched.`,
    evidence: foreign.map(
      ({ name, labels }) => `${name}: ${LABEL.workspace}=${labels[LABEL.workspace] ?? '(no label)'}`,
    ),
    nextSteps: [`If nobody needs it, delete it yourself: \`k3d cluster delete ${cluster}\`.`],
  });
}
