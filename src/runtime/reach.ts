import { lookup } from 'node:dns/promises';
import { hostname, networkInterfaces } from 'node:os';
import { Failure, orCancelled } from '../base';
import { dockerFailure, type Docker } from '../tools';
import { containerIdOf, readMounts } from './mounts';
import { objectNames } from './names';
import { LOOPBACK, isPortFree, type PortProbe } from './ports';

/**
 * Where this process stands. On the engine's machine it reaches what the engine publishes on loopback; in a container
 * of the engine, where loopback is its own, it reaches the cluster by the cluster's network.
 */
export interface Reach {
  /** Id of the container whose network this process has; absent on the engine's machine. */
  readonly container?: string;
}

/**
 * Asks the engine whether this process runs in one of its containers.
 *
 * @param self id of the container in which this process seems to be, if any.
 * @throws Failure `docker-*`.
 */
export async function findReach(docker: Docker, signal?: AbortSignal, self = ownContainerId()): Promise<Reach> {
  let id = await self;
  // A container may use the network of another one, as services of a compose file do.
  for (let hops = 0; id !== undefined && hops < MAX_HOPS; hops += 1) {
    const mode = await orCancelled(networkModeOf(docker, id), signal);
    if (mode === undefined || mode === 'host') return {};
    const next: string | undefined = /^container:(.+)$/.exec(mode)?.[1];
    if (next === undefined) return { container: id };
    id = next;
  }
  return {};
}

const MAX_HOPS = 5;

/** Undefined when the engine has no such container: it is one of another engine, in which ours runs, for example. */
async function networkModeOf(docker: Docker, id: string): Promise<string | undefined> {
  try {
    return (await docker.getContainer(id).inspect()).HostConfig.NetworkMode ?? 'default';
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw dockerFailure(error);
  }
}

async function ownContainerId(): Promise<string | undefined> {
  const mounts = await readMounts();
  return mounts === '' ? undefined : (containerIdOf(mounts) ?? containerIdOfHostname(hostname()));
}

/** The engine names a container by the first digits of its id, unless it was given another name. */
function containerIdOfHostname(name: string): string | undefined {
  return /^[0-9a-f]{12}$/.test(name) ? name : undefined;
}

/** The address of the cluster's API for this process. The API's certificate names both. */
export function apiAddress(reach: Reach, cluster: string, hostPort: number): string {
  return reach.container === undefined
    ? `https://${LOOPBACK}:${hostPort}`
    : `https://${objectNames(cluster).server}:6443`;
}

/** The registry for this process, host and port; the engine pushes to its own loopback in any case. */
export function registryHost(reach: Reach, cluster: string, hostPort: number): string {
  return reach.container === undefined ? `${LOOPBACK}:${hostPort}` : `${objectNames(cluster).registry}:5000`;
}

/** Where the developer, who works where this process runs, finds a node port. */
export function nodePortAddress(reach: Reach, cluster: string, port: { host: number; node: number }): string {
  return reach.container === undefined ? `localhost:${port.host}` : `${objectNames(cluster).server}:${port.node}`;
}

/** From inside a container nobody can listen on the engine's loopback: what its containers publish there is known. */
export function portProbe(reach: Reach, docker: Docker): PortProbe {
  if (reach.container === undefined) return isPortFree;
  return async (port) => {
    const containers = await docker.listContainers();
    return !containers.some(({ Ports }) => Ports.some(({ PublicPort }) => PublicPort === port));
  };
}

/**
 * Refuses an engine on another machine: everything that the runtime publishes would be on the loopback of that one.
 *
 * @throws Failure `docker-host-remote`.
 */
export async function refuseRemoteEngine(docker: Docker, reach: Reach): Promise<void> {
  const { host, socketPath } = docker.modem as { host?: string; socketPath?: string };
  if (reach.container !== undefined || socketPath !== undefined || host === undefined) return;
  if (await isThisMachine(host)) return;
  throw new Failure({
    code: 'docker-host-remote',
    fault: 'environment',
    summary: `The Docker engine at ${host} is on another machine: the runtime would be out of reach on that one's loopback.`,
    nextSteps: [
      'Run vapp on the machine of the engine, for example by Remote-SSH, or in a container of that engine.',
      'Or use an engine on this machine: unset DOCKER_HOST, or choose another context with `docker context use`.',
    ],
  });
}

async function isThisMachine(host: string): Promise<boolean> {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses?.map(({ address }) => address) ?? []);
  const addresses = await lookup(host, { all: true }).catch(() => undefined);
  // What has no address cannot be asked either, and the engine's client says so.
  return addresses?.some(({ address }) => /^(127\.|::1$)/.test(address) || own.includes(address)) ?? true;
}
