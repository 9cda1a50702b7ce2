import { dirname } from 'node:path';

/** How to reach one cluster. Every helm, kubectl and API call names both, so that none can reach another cluster. */
export interface ClusterAccess {
  /** Absolute path of a kubeconfig: of our own, mode 0600, unless the cluster is not ours. */
  readonly kubeconfig: string;
  readonly context: string;
  /**
   * There where the cluster is not ours: the kubeconfig is the user's, and only read; no namespace is made there.
   * `directory` is an absolute folder of ours, for locks and what tools learn of the cluster.
   */
  readonly foreign?: { readonly directory: string };
}

/** The folder of ours for what concerns a cluster. */
export function directoryOf({ kubeconfig, foreign }: ClusterAccess): string {
  return foreign?.directory ?? dirname(kubeconfig);
}
