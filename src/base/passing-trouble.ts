/** Other states, such as a pull that fails for the same reason, are worth a verdict. */
const REASONS: readonly (string | undefined)[] = ['CreateContainerConfigError', 'CreateContainerError'];

const PASSING = [
  // The kubelet's own view of the cluster is not there yet; it waits a second for it (`watch_based_manager.go`).
  /^failed to sync \S+ cache: /,
  /^object "[^"]*"\/"[^"]*" not registered$/,
  // It has been restarted (`kubelet_pods.go`).
  /^services have not yet been read at least once/,
  // containerd takes longer than the kubelet waits, and is still at it at the next try.
  /context deadline exceeded/,
  /is reserved for "/,
];

/**
 * Whether the reason for which a container could not be made says nothing about the container: a busy node, on which the
 * kubelet tries again and succeeds.
 *
 * @param state `state.waiting` of a container's status, as the kubelet writes it.
 */
export function passesByItself({ reason, message = '' }: { reason?: string; message?: string }): boolean {
  return REASONS.includes(reason) && PASSING.some((pattern) => pattern.test(message));
}
