import type { Docker } from '../../../src/tools';

/** Carried by every node and registry container that the product creates. */
const OWNER_LABEL = 'io.vscode-velocitas.workspace';

/**
 * Takes away from an engine that belongs to somebody else what the product created there: containers with our label,
 * and the networks and volumes that k3d made for the clusters of these containers.
 *
 * @returns how many containers were removed.
 */
export async function removeOurs(docker: Docker): Promise<number> {
  const containers = await docker.listContainers({ all: true, filters: { label: [OWNER_LABEL] } });
  const clusters = new Set(containers.map(({ Labels }) => Labels['k3d.cluster']).filter((name) => name !== undefined));
  for (const { Id } of containers) await docker.getContainer(Id).remove({ force: true, v: true });
  for (const cluster of clusters) {
    const filters = { label: [`k3d.cluster=${cluster}`] };
    const rest = await docker.listContainers({ all: true, filters });
    for (const { Id } of rest) await docker.getContainer(Id).remove({ force: true, v: true });
    for (const { Name } of (await docker.listVolumes({ filters })).Volumes) await docker.getVolume(Name).remove();
    const networks = await docker.listNetworks({ filters: { label: ['app=k3d'], name: [`k3d-${cluster}`] } });
    for (const { Id, Name } of networks) if (Name === `k3d-${cluster}`) await docker.getNetwork(Id).remove();
  }
  return containers.length;
}
