import { isCancelled, orCancelled, sleep, throwIfCancelled, Cancelled, Failure } from '../base';
import { dockerFailure, type Docker, type Toolbox } from '../tools';
import { isEmpty, readEngineObjects, type EngineObjects } from './engine-objects';
import { objectNames } from './names';

/** What the functions of this room work with. */
export interface Engine {
  readonly docker: Docker;
  readonly toolbox: Toolbox;
  readonly cluster: string;
  readonly workspace: string;
  readonly signal?: AbortSignal | undefined;
}

export function readObjects(engine: Engine): Promise<EngineObjects> {
  return orCancelled(readEngineObjects(engine.docker, engine.cluster, engine.workspace), engine.signal);
}

/** Stops every running container of the cluster and its registry; all of them at the same time. */
export async function stopContainers(engine: Engine, objects: EngineObjects): Promise<void> {
  const containers = [...objects.nodes, ...(objects.registry ? [objects.registry] : [])];
  await Promise.all(
    containers
      .filter(({ state }) => state !== 'exited' && state !== 'created' && state !== 'dead')
      .map(({ id }) => tolerate([304, 404], () => engine.docker.getContainer(id).stop())),
  );
}

/**
 * Removes everything the engine holds of the cluster. A tool that was ended in the middle may leave a request behind
 * which the engine still carries out, so this looks again until there is nothing left.
 *
 * @throws Failure `runtime-not-deletable` with what is left.
 */
export async function removeObjects(engine: Engine): Promise<void> {
  let emptyLooks = 0;
  for (let round = 0; round < MAX_ROUNDS && emptyLooks < 2; round += 1) {
    if (round > 0) await sleep(ROUND_MS, engine.signal);
    const objects = await readObjects(engine);
    if (isEmpty(objects)) {
      emptyLooks += 1;
      continue;
    }
    emptyLooks = 0;
    await removeOnce(engine, objects);
  }
  const left = await readObjects(engine);
  if (isEmpty(left)) return;
  throw new Failure({
    code: 'runtime-not-deletable',
    fault: 'environment',
    summary: `Docker did not remove everything of ${engine.cluster}.`,
    evidence: [
      ...[...left.nodes, ...(left.registry ? [left.registry] : [])].map(
        ({ name, state }) => `container ${name} (${state})`,
      ),
      ...(left.networkId
        ? [`network k3d-${engine.cluster}, probably because another container is connected to it`]
        : []),
      ...left.volumes.map((volume) => `volume ${volume}`),
    ],
    nextSteps: [
      `See what still uses it: \`docker network inspect k3d-${engine.cluster}\`.`,
      'Run `vapp delete` again.',
    ],
  });
}

const MAX_ROUNDS = 8;
const ROUND_MS = 150;

async function removeOnce(engine: Engine, objects: EngineObjects): Promise<void> {
  await removeContainers(
    engine,
    [...objects.nodes, ...(objects.registry ? [objects.registry] : [])].map(({ id }) => id),
  );
  const { networkId } = objects;
  await Promise.all([
    ...(networkId ? [tolerate([403, 404, 409], () => engine.docker.getNetwork(networkId).remove())] : []),
    ...objects.volumes.map((name) => tolerate([404, 409], () => engine.docker.getVolume(name).remove())),
  ]);
}

/** Removes the nodes with all that is in them. Registry, network and images pushed stay. */
export async function removeNodes(engine: Engine, objects: EngineObjects): Promise<void> {
  const { completionMark, registryVolume } = objectNames(engine.cluster);
  // The mark goes first: from here on the cluster is not whole.
  await tolerate([404], () => engine.docker.getVolume(completionMark).remove());
  await removeContainers(
    engine,
    objects.nodes.map(({ id }) => id),
  );
  const volumes = objects.volumes.filter((name) => name !== registryVolume && name !== completionMark);
  await Promise.all(volumes.map((name) => tolerate([404, 409], () => engine.docker.getVolume(name).remove())));
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
