/** How to reach one cluster. Every helm, kubectl and API call names both, so that none can reach another cluster. */
export interface ClusterAccess {
  /** Absolute path of a kubeconfig of our own, mode 0600. */
  readonly kubeconfig: string;
  readonly context: string;
}
