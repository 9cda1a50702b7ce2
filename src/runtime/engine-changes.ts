import { Cancelled, Failure, isCancelled, messageOf, orCancelled, sleep, throwIfCancelled } from '../base';
import { dockerFailure, type Docker, type Toolbox } from '../tools';
import { readEngineObjects, type EngineContainer, type EngineObjects } from './engine-objects';
import { K3D_LABEL, LABEL, objectNames } from './names';
import type { Reach } from './reach';

/** What the functions of this room work with. */
export interface Engine {
  readonly docker: Docker;
  readonly toolbox: Toolbox;
  readonly cluster: string;
  readonly workspace: string;
  readonly reach: Reach;
  readonly signal?: AbortSignal | undefined;
}

export function readObjects(engine: Engine): Promise<EngineObjects> {
  return orCancelled(readEngineObjects(engine.docker, engine.cluster, engine.workspace), engine.signal);
}

/** Stops every running container of the cluster and its registry; all of them at the same time. */
export async function stopContainers(engine: Engine, objects: EngineObjects): Promise<void> {
  await Promise.all(
    allContainers(objects)
      .filter(({ state }) => state !== 'exited' && state !== 'created' && state !== 'dead')
      .map(({ id }) => tolerate([304, 404], () => engine.docker.getContainer(id).stop())),
  );
}

/**
 * Removes everything the engine holds of the cluster.
 *
 * @throws Failure `runtime-not-deletable` with what is left.
 */
export async function removeObjects(engine: Engine): Promise<void> {
  await removeUntilGone(engine, (objects) => ({
    containers: allContainers(objects),
    networks: objects.networkId ? [objects.networkId] : [],
    volumes: objects.volumes,
  }));
}

/**
 * Removes the nodes with all that is in them. Registry, network and images pushed stay.
 *
 * @throws Failure `runtime-not-deletable` with what is left.
 */
export async function removeNodes(engine: Engine): Promise<void> {
  const { completionMark, registryVolume } = objectNames(engine.cluster);
  // The mark goes first: from here on the cluster is not whole.
  await tolerate([404], () => engine.docker.getVolume(completionMark).remove());
  await removeUntilGone(engine, ({ nodes, volumes }) => ({
    containers: nodes,
    networks: [],
    volumes: volumes.filter((name) => name !== registryVolume),
  }));
}

interface Removal {
  readonly containers: readonly EngineContainer[];
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
}

/**
 * A tool that was ended in the middle may leave a request behind which the engine still carries out, and an engine at
 * work may refuse for a moment; so this looks and tries again until there is nothing left.
 */
async function removeUntilGone(engine: Engine, select: (objects: EngineObjects) => Removal): Promise<void> {
  let refusals: string[] = [];
  let emptyLooks = 0;
  for (let round = 0; ; round += 1) {
    const left = select(await readObjects(engine));
    const gone = left.containers.length + left.networks.length + left.volumes.length === 0;
    emptyLooks = gone ? emptyLooks + 1 : 0;
    if (emptyLooks === 2) return;
    if (round === MAX_ROUNDS) throw notRemoved(engine.cluster, left, refusals);
    if (!gone) refusals = await removeOnce(engine, left);
    await sleep(ROUND_MS, engine.signal);
  }
}

const MAX_ROUNDS = 20;
const ROUND_MS = 150;

/** Tries to remove each object, whatever becomes of the others; answers what the engine had against it. */
async function removeOnce(engine: Engine, { containers, networks, volumes }: Removal): Promise<string[]> {
  const { docker } = engine;
  return [
    ...(await refusalsOf(containers.map(({ id }) => removeContainers(engine, [id])))),
    ...(await refusalsOf(networks.map((id) => emptyNetwork(engine, id)))),
    ...(await refusalsOf([
      ...networks.map((id) => tolerate([404], () => docker.getNetwork(id).remove())),
      ...volumes.map((name) => tolerate([404], () => docker.getVolume(name).remove())),
    ])),
  ];
}

/**
 * Disconnects the containers that are left in a network once those of the cluster are gone: that of this process, others
 * from which the cluster was used. They would keep the network from being removed, and could not be started any more
 * when it is.
 */
async function emptyNetwork({ docker, cluster }: Engine, network: string): Promise<void> {
  const users = await docker.listContainers({ all: true, filters: { network: [network] } });
  const foreign = users.filter(
    ({ Labels }) => Labels[K3D_LABEL.cluster] !== cluster && Labels[LABEL.cluster] !== cluster,
  );
  await Promise.all(
    foreign.map(({ Id }) =>
      tolerate([404], () => docker.getNetwork(network).disconnect({ Container: Id, Force: true })),
    ),
  );
}

function notRemoved(cluster: string, left: Removal, refusals: readonly string[]): Failure {
  return new Failure({
    code: 'runtime-not-deletable',
    fault: 'environment',
    summary: `Docker did not remove everything of ${cluster}.`,
    evidence: [
      ...left.containers.map(({ name, state }) => `container ${name} (${state})`),
      ...left.networks.map((id) => `network ${objectNames(cluster).network} (${id.slice(0, 12)})`),
      ...left.volumes.map((volume) => `volume ${volume}`),
      ...refusals,
    ],
    nextSteps: [
      `See what still uses it: \`docker network inspect ${objectNames(cluster).network}\`.`,
      'Run `vapp delete` again.',
    ],
  });
}

async function refusalsOf(requests: readonly Promise<void>[]): Promise<string[]> {
  const results = await Promise.allSettled(requests);
  return results.flatMap((result) => (result.status === 'rejected' ? [messageOf(result.reason)] : []));
}

function allContainers({ nodes, registry }: EngineObjects) {
  return registry ? [...nodes, registry] : nodes;
}

/** Removes containers with their anonymous volumes, running or not. */
export async function removeContainers(engine: Engine, ids: readonly string[]): Promise<void> {
  // 409: the engine is removing it already.
  await Promise.all(
    ids.map((id) => tolerate([404, 409], () => engine.docker.getContainer(id).remove({ force: true, v: true }))),
  );
}

/** Makes sure that the engine has an image; pulls it by the docker CLI, which knows the user's credentials. */
export async function ensureImage(engine: Engine, image: string, onPull: () => void): Promise<void> {
  try {
    await orCancelled(engine.docker.getImage(image).inspect(), engine.signal);
    return;
  } catch (error) {
    if (isCancelled(error, engine.signal)) throw new Cancelled();
    if (statusOf(error) !== 404) throw dockerFailure(error);
  }
  throwIfCancelled(engine.signal);
  onPull();
  await engine.toolbox.run('docker', ['pull', '--quiet', image], { signal: engine.signal });
}

/** Runs a request; HTTP statuses that mean `already so` are no failure. */
export async function tolerate(statuses: readonly number[], request: () => Promise<unknown>): Promise<void> {
  try {
    await request();
  } catch (error) {
    const status = statusOf(error);
    if (status === undefined || !statuses.includes(status)) throw dockerFailure(error);
  }
}

function statusOf(error: unknown): number | undefined {
  return (error as { statusCode?: number }).statusCode;
}
