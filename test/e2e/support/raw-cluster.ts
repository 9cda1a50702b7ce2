import { K3S_ARGUMENTS } from '../../../src/runtime/k3d-config';

/**
 * Arguments of `k3d cluster create` with which a cluster that k3d makes without us may fill the disk as one of ours may:
 * with a node's defaults, no pod starts once less than 5 % are free.
 */
export function mayFillDisk(agents = 0): readonly string[] {
  const nodes = ['server:*', ...(agents > 0 ? ['agent:*'] : [])].join(';');
  return K3S_ARGUMENTS.node.flatMap((argument) => ['--k3s-arg', `${argument}@${nodes}`]);
}
