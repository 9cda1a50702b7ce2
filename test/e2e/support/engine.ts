import type { Docker } from '../../../src/tools';

/** Everything that the engine holds of one cluster: containers, volumes, networks and images, by name. */
export async function objectsOf(docker: Docker, cluster: string): Promise<string[]> {
  const [containers, volumes, networks, images] = await Promise.all([
    docker.listContainers({ all: true }),
    docker.listVolumes(),
    docker.listNetworks(),
    docker.listImages(),
  ]);
  const names = [
    ...containers.flatMap((container) => container.Names.map((name) => `container ${name.slice(1)}`)),
    ...volumes.Volumes.map((volume) => `volume ${volume.Name}`),
    ...networks.map((network) => `network ${network.Name}`),
    ...images.flatMap((image) => (image.RepoTags ?? []).map((tag) => `image ${tag}`)),
  ];
  return names.filter((name) => name.includes(cluster)).sort();
}
