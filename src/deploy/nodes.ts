import type { KubeObject } from './objects';

/** A node as the Kubernetes API writes it. */
interface NodeObject extends KubeObject {
  readonly spec?: { readonly taints?: readonly { readonly key: string }[] };
}

/** The keys of a node's taints, e.g. `node.kubernetes.io/disk-pressure`. */
export function taintsOf(node: unknown): readonly string[] {
  return ((node as NodeObject).spec?.taints ?? []).map(({ key }) => key);
}
