import { get } from 'node:http';
import { Cancelled, Failure, isCancelled, messageOf, sleep } from '../base';
import { dockerFailure } from '../tools';
import { tolerate, type Engine } from './engine-changes';
import type { EngineObjects } from './engine-objects';
import { LABEL, REGISTRY_IMAGE, objectNames } from './names';
import { LOOPBACK } from './ports';
import { registryHost } from './reach';

/**
 * Creates the network that k3d is then told to use, so that the registry is on it before there is a cluster. Who works
 * in a container of the engine is on it, too.
 */
export async function ensureNetwork(engine: Engine, objects: EngineObjects): Promise<void> {
  if (objects.networkId === undefined) await createNetwork(engine);
  const { container } = engine.reach;
  if (container === undefined) return;
  try {
    await engine.docker.getNetwork(objectNames(engine.cluster).network).connect({ Container: container });
  } catch (error) {
    if (!/already exists in network/.test(messageOf(error))) throw dockerFailure(error);
  }
}

async function createNetwork(engine: Engine): Promise<void> {
  await tolerate([409], () =>
    engine.docker.createNetwork({
      Name: objectNames(engine.cluster).network,
      Driver: 'bridge',
      Options: { 'com.docker.network.bridge.enable_ip_masquerade': 'true' },
      Labels: ownLabels(engine),
    }),
  );
}

/**
 * Creates and starts the registry on the given port of localhost; its image must be there. What is in its volume stays.
 *
 * @throws Failure `docker-error` when the port is taken, too; {@link takenPort} tells.
 */
export async function createRegistry(engine: Engine, port: number): Promise<void> {
  const names = objectNames(engine.cluster);
  try {
    const container = await engine.docker.createContainer({
      name: names.registry,
      Image: REGISTRY_IMAGE,
      Labels: ownLabels(engine),
      Env: ['REGISTRY_STORAGE_DELETE_ENABLED=true', 'OTEL_TRACES_EXPORTER=none'],
      ExposedPorts: { '5000/tcp': {} },
      HostConfig: {
        PortBindings: { '5000/tcp': [{ HostIp: LOOPBACK, HostPort: String(port) }] },
        RestartPolicy: { Name: 'unless-stopped' },
        NetworkMode: names.network,
        Mounts: [
          {
            Type: 'volume',
            Source: names.registryVolume,
            Target: '/var/lib/registry',
            VolumeOptions: { Labels: ownLabels(engine), NoCopy: true, DriverConfig: { Name: 'local', Options: {} } },
          },
        ],
      },
    });
    await container.start();
  } catch (error) {
    throw dockerFailure(error);
  }
}

export async function startRegistry(engine: Engine, id: string): Promise<void> {
  await tolerate([304], () => engine.docker.getContainer(id).start());
}

/**
 * Waits until the registry takes pushes.
 *
 * @throws Failure `registry-not-ready`.
 */
export async function registryReady(engine: Engine, port: number): Promise<void> {
  const { signal } = engine;
  const endpoint = `http://${registryHost(engine.reach, engine.cluster, port)}`;
  let last: unknown;
  for (let waited = 0; waited < REGISTRY_PATIENCE_MS; waited += REGISTRY_POLL_MS) {
    try {
      const status = await statusAt(`${endpoint}/v2/`, signal);
      if (status === 200) return;
      last = new Error(`HTTP ${status}`);
    } catch (error) {
      if (isCancelled(error, signal)) throw new Cancelled();
      last = error;
    }
    if (waited % REGISTRY_LOOK_MS === 0) await refuseMissing(engine);
    await sleep(REGISTRY_POLL_MS, signal);
  }
  throw new Failure({
    code: 'registry-not-ready',
    fault: 'environment',
    summary: `The workspace's image registry does not answer at ${endpoint}.`,
    nextSteps: ['Look at its output: `docker logs` of the container that ends with `-registry`.'],
    cause: last,
  });
}

/** @throws Failure `registry-not-ready` when there is no container of it to wait for. */
async function refuseMissing({ docker, cluster }: Engine): Promise<void> {
  try {
    await docker.getContainer(objectNames(cluster).registry).inspect();
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 404) throw dockerFailure(error);
    throw new Failure({
      code: 'registry-not-ready',
      fault: 'environment',
      summary: "The workspace's image registry was removed while it started.",
      nextSteps: ['Run again: it is made anew, and the images in it are still there.'],
    });
  }
}

/**
 * The status of a GET. Not by `fetch`: while the container starts, the engine's proxy accepts connections and drops
 * them, and each attempt has to end by itself.
 */
function statusAt(url: string, signal?: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = get(
      url,
      { agent: false, timeout: ANSWER_TIMEOUT_MS, ...(signal ? { signal } : {}) },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', reject);
  });
}

const ANSWER_TIMEOUT_MS = 2000;
const REGISTRY_PATIENCE_MS = 30_000;
const REGISTRY_POLL_MS = 50;
/** So often it is looked whether the registry is there at all, milliseconds. */
const REGISTRY_LOOK_MS = 1000;

/**
 * Frees the space of images that have been removed from the registry. Nobody may push meanwhile, since the registry would
 * lose what comes; so it is done before it is stopped. https://distribution.github.io/distribution/about/garbage-collection/
 */
export async function sweepRegistry({ toolbox }: Engine, { registry }: EngineObjects): Promise<void> {
  if (registry?.state !== 'running') return;
  const sweep = ['registry', 'garbage-collect', '/etc/docker/registry/config.yml'];
  await toolbox.run('docker', ['exec', registry.id, ...sweep], { timeoutMs: SWEEP_LIMIT_MS });
}

const SWEEP_LIMIT_MS = 60_000;

/** Labels of everything that we create and k3d does not. */
export function ownLabels(engine: Engine): Record<string, string> {
  return { [LABEL.workspace]: engine.workspace, [LABEL.cluster]: engine.cluster };
}
