import type { Docker } from '../../../src/tools';

/** Everything that the engine holds of one cluster: containers, volumes and networks, by name. */
export async function objectsOf(docker: Docker, cluster: string): Promise<string[]> {
  const [containers, volumes, networks] = await Promise.all([
    docker.listContainers({ all: true }),
    docker.listVolumes(),
    docker.listNetworks(),
  ]);
  const names = [
    ...containers.flatMap((container) => container.Names.map((name) => `container ${name.slice(1)}`)),
    ...volumes.Volumes.map((volume) => `volume ${volume.Name}`),
    ...networks.map((network) => `network ${network.Name}`),
  ];
  return names.filter((name) => name.includes(cluster)).sort();
}
