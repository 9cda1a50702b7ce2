import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import type { ClusterAccess } from '../tools';

/** The node image unless `vapp.yaml` names another. */
export const DEFAULT_K3S_IMAGE = 'rancher/k3s:v1.34.3-k3s1';

export const REGISTRY_IMAGE = 'registry:2';

/** What the registry is called inside the cluster, whatever port it has on this machine. */
export const REGISTRY_PULL_ADDRESS = 'registry.vapp.internal:5000';

/** Helm release and namespace of the runtime services: in the apps' own namespace, plain names reach them. */
export const SERVICES_RELEASE = 'runtime-services';
export const SERVICES_NAMESPACE = 'default';

/** Kubernetes' images, for containerd. */
export const CONTAINERD_NAMESPACE = 'k8s.io';
/** Where k3s tells containerd which endpoint stands for a registry's name. */
export const CONTAINERD_HOSTS = '/var/lib/rancher/k3s/agent/etc/containerd/certs.d';

/** Labels of everything we create in the engine. Ownership is decided by them, never by a name alone. */
export const LABEL = {
  /** The workspace's identity: its folder, in a container with where it comes from. */
  workspace: 'io.vscode-velocitas.workspace',
  cluster: 'io.vscode-velocitas.cluster',
  /** Hash of the settings that only a new cluster can take over. */
  configuration: 'io.vscode-velocitas.configuration',
} as const;

/** Labels that k3d gives to the nodes of a cluster. */
export const K3D_LABEL = { cluster: 'k3d.cluster', role: 'k3d.role' } as const;

/** Longest cluster name that k3d accepts. */
const MAX_CLUSTER_NAME = 32;

/**
 * The name of a workspace's cluster: `vapp-<folder>-<8 hexadecimal digits>`, at most 32 characters, as k3d demands. The
 * same folder always has the same name, two folders have different ones.
 *
 * @param workspace its identity: its absolute path, symbolic links resolved, in a container with its source in front.
 */
export function clusterName(workspace: string): string {
  const hash = createHash('sha256').update(workspace).digest('hex').slice(0, 8);
  const room = MAX_CLUSTER_NAME - `vapp--${hash}`.length;
  const slug = basename(workspace)
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{Mark}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, room)
    .replace(/^-+|-+$/g, '');
  return slug === '' ? `vapp-${hash}` : `vapp-${slug}-${hash}`;
}

/** The names of a cluster's objects in the engine. Those of k3d's are as k3d makes them. */
export function objectNames(cluster: string) {
  return {
    network: `k3d-${cluster}`,
    registry: `k3d-${cluster}-registry`,
    registryVolume: `k3d-${cluster}-registry`,
    /** An empty volume that exists once the cluster has been created completely. */
    completionMark: `k3d-${cluster}-complete`,
    server: `k3d-${cluster}-server-0`,
    tools: `k3d-${cluster}-tools`,
  };
}

/** Names by which a process in a container of the engine reaches the cluster: no proxy knows them. */
export function clusterHosts(cluster: string): string[] {
  const { server, registry } = objectNames(cluster);
  return [server, registry];
}

/** The folder of one cluster below our data directory. */
export function clusterDirectory(dataDirectory: string, cluster: string): string {
  return join(dataDirectory, cluster);
}

/** Where a cluster's kubeconfig is, and under which name. It does not say whether either exists. */
export function kubeAccess(dataDirectory: string, cluster: string): ClusterAccess {
  return { kubeconfig: join(clusterDirectory(dataDirectory, cluster), 'kubeconfig.yaml'), context: `k3d-${cluster}` };
}
