import type { KubeConfig } from '@kubernetes/client-node';
import { Failure } from '../base';
import type { ClusterAccess } from './cluster';

/** What we take of the Kubernetes client library: reading kubeconfigs, with every way to log in that they know. */
export type Kubernetes = typeof import('./kube-config');

let library: Promise<Kubernetes> | undefined;

/** The Kubernetes client library. It takes a while to load, so nothing loads it before it is needed. */
export function kubernetes(): Promise<Kubernetes> {
  library ??= import('./kube-config');
  return library;
}

/**
 * Reads a cluster's kubeconfig and selects the context by name.
 *
 * @throws Failure `kubeconfig-unreadable`.
 */
export async function loadKubeConfig(access: ClusterAccess): Promise<KubeConfig> {
  const { KubeConfig } = await kubernetes();
  const config = new KubeConfig();
  try {
    config.loadFromFile(access.kubeconfig);
    config.setCurrentContext(access.context);
    if (!config.getCurrentCluster()) throw new Error(`no context ${access.context}`);
  } catch (error) {
    throw new Failure({
      code: 'kubeconfig-unreadable',
      fault: 'environment',
      ...(access.foreign
        ? { summary: `The kubeconfig ${access.kubeconfig} cannot be read, or has no context "${access.context}".` }
        : {
            summary: `The kubeconfig of the local runtime cannot be read: ${access.kubeconfig}.`,
            nextSteps: ['Start the runtime again: `vapp up` writes it anew.'],
          }),
      cause: error,
    });
  }
  return config;
}
