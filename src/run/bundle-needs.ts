import { baseImages, withTag } from '../build';
import { type BundledImage } from '../bundle';
import { Failure, sleep } from '../base';
import type { App, Repository } from '../project';
import { CONTAINERD_NAMESPACE, REGISTRY_IMAGE, type RuntimeStatus } from '../runtime';
import { KubeApi, dockerFailure, type ClusterAccess, type Docker, type Toolbox } from '../tools';
import { LIVE_UPDATE_IMAGE } from './live/helper';

/** An image that a run needs, before it is known what the engine has under its name. */
export type NeededImage = Omit<BundledImage, 'id'>;

/** How long Kubernetes' own pods may take to get their images, milliseconds. */
const SYSTEM_PATIENCE_MS = 180_000;
const SYSTEM_POLL_MS = 1000;

/** The container of the cluster's server, which runs. */
export function serverOf({ nodes }: RuntimeStatus): string {
  const server = nodes.find(({ role }) => role === 'server');
  if (server) return server.name;
  throw new Error('a runtime that is up has a server');
}

/** The image that a container was made from, by the name that it was asked for. */
export async function imageOfContainer(docker: Docker, name: string): Promise<string> {
  try {
    return (await docker.getContainer(name).inspect()).Config.Image;
  } catch (error) {
    throw dockerFailure(error);
  }
}

/**
 * What the engine needs for a runtime and for builds. The load balancer of k3d is not among them: our clusters have none,
 * and k3d then never asks for its image.
 */
export async function engineNeeds(
  repository: Repository,
  k3sImage: string,
  toolbox: Toolbox,
  architecture: string,
): Promise<NeededImage[]> {
  const services = repository.services.filter(({ enabled }) => enabled);
  const bases = await Promise.all(repository.apps.map((app) => baseNeeds(app, architecture)));
  return distinct([
    { name: k3sImage, purpose: 'node' },
    { name: await helperImage(toolbox), purpose: 'helper' },
    { name: REGISTRY_IMAGE, purpose: 'registry' },
    { name: LIVE_UPDATE_IMAGE, purpose: 'live-update' },
    ...services.map(({ image }) => ({ name: withTag(image), purpose: 'service' as const })),
    ...bases.flat(),
  ]);
}

/** The images that an app's Dockerfile builds upon. @throws Failure `dockerfile-unreadable`. */
export async function baseNeeds({ dockerfile, target, buildArgs }: App, architecture: string): Promise<NeededImage[]> {
  const images = await baseImages({
    dockerfile: dockerfile.value,
    buildArgs,
    platform: { os: 'linux', architecture },
    ...(target === undefined ? {} : { target }),
  });
  return images.map((image) => ({ name: withTag(image), purpose: 'base' }));
}

/** The image of the container that k3d puts beside each new cluster; k3d's own rule (`GetToolsImage`). */
async function helperImage(toolbox: Toolbox): Promise<string> {
  const { env } = toolbox;
  const tag = env['K3D_HELPER_IMAGE_TAG'] || (await toolbox.version('k3d'));
  return env['K3D_IMAGE_TOOLS'] || `ghcr.io/k3d-io/k3d-tools:${tag}`;
}

/**
 * What the nodes hold that they do not get from the workspace's registry: the parts of Kubernetes that k3s deploys, the
 * container that holds a pod together, and what the apps' own charts name. It is asked of a running node, since each
 * release of k3s and each node image has others.
 */
export async function clusterNeeds(toolbox: Toolbox, server: string, signal?: AbortSignal): Promise<NeededImage[]> {
  const { stdout } = await toolbox.run(
    'docker',
    ['exec', server, 'ctr', '--namespace', CONTAINERD_NAMESPACE, 'images', 'ls', '-q'],
    { signal },
  );
  return pulledByNodes(stdout.split(/\r?\n/)).map((name) => ({ name, purpose: 'cluster' }));
}

/** The names with a tag in a listing of containerd's, as Docker writes them, without those of the workspace's registry. */
export function pulledByNodes(names: readonly string[]): string[] {
  const tagged = names.filter((name) => /^[^@\s]+:[^/@\s]+$/.test(name) && !name.startsWith('sha256:'));
  return [...new Set(tagged.filter((name) => !isOwnRegistry(name)).map(familiarName))].sort();
}

function isOwnRegistry(name: string): boolean {
  return /^(registry\.vapp\.internal|localhost|127\.0\.0\.1)(:\d+)?\//.test(name);
}

/** `docker.io/library/busybox:1` → `busybox:1`. */
function familiarName(name: string): string {
  return name.replace(/^docker\.io\/(library\/)?/, '');
}

/** `busybox:1` → `docker.io/library/busybox:1`, as containerd names it. */
export function fullName(name: string): string {
  const [first = ''] = name.split('/');
  if (!name.includes('/')) return `docker.io/library/${name}`;
  return /[.:]|^localhost$/.test(first) ? name : `docker.io/${name}`;
}

/**
 * Waits until each of Kubernetes' own pods has its images.
 *
 * @throws Failure `cluster-incomplete`; Cancelled.
 */
export async function systemPodsReady(access: ClusterAccess, signal?: AbortSignal): Promise<void> {
  const api = await KubeApi.open(access);
  try {
    let waiting: string[] = [];
    for (let waited = 0; waited < SYSTEM_PATIENCE_MS; waited += SYSTEM_POLL_MS) {
      const { items } = await api.get<{ items: SystemPod[] }>('/api/v1/namespaces/kube-system/pods', {}, signal);
      waiting = items.filter((pod) => !hasImages(pod)).map(({ metadata }) => metadata.name);
      if (items.length > 0 && waiting.length === 0) return;
      await sleep(SYSTEM_POLL_MS, signal);
    }
    throw new Failure({
      code: 'cluster-incomplete',
      fault: 'environment',
      summary: 'The cluster does not have all of its own images, so they cannot be packed.',
      evidence: waiting.map((name) => `pod ${name} in kube-system waits`),
      nextSteps: ['Check that the nodes reach their registry: `vapp doctor`.'],
    });
  } finally {
    api.close();
  }
}

interface SystemPod {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly containers: readonly unknown[] };
  readonly status?: { readonly containerStatuses?: readonly { readonly imageID?: string }[] };
}

function hasImages({ spec, status }: SystemPod): boolean {
  const statuses = status?.containerStatuses ?? [];
  return statuses.length === spec.containers.length && statuses.every(({ imageID }) => Boolean(imageID));
}

/** Each name once; the first purpose counts. */
export function distinct<T extends { readonly name: string }>(images: readonly T[]): T[] {
  return images.filter(({ name }, index) => images.findIndex((other) => other.name === name) === index);
}
