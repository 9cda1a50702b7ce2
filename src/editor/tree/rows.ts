import type { TreeNode } from './node';

/** A row as the editor knows it: it stays the same object while the thing is there, and shows what is newest of it. */
export interface KeptRow<T> {
  readonly node: TreeNode;
  /** What commands on it are about. */
  readonly target: T;
}

/** The rows of a tree by their ids. Those that are the same nodes as before are passed over, with all below them. */
export class Rows<T> {
  private readonly kept = new Map<string, { node: TreeNode; target: T }>();
  private top: readonly TreeNode[] = [];

  constructor(private readonly targetOf: (node: TreeNode) => T) {}

  /** Takes over the rows at the top, with all below them, in place of those of before. */
  update(nodes: readonly TreeNode[]): void {
    this.replace(this.top, nodes);
    this.top = nodes;
  }

  /** The rows of some nodes, as far as they are in the tree. */
  of(nodes: readonly TreeNode[]): KeptRow<T>[] {
    return nodes.flatMap(({ id }) => this.kept.get(id) ?? []);
  }

  private replace(before: readonly TreeNode[], after: readonly TreeNode[]): void {
    this.forgetMissing(before, after);
    // Of many rows most are the very same; for those nothing is called.
    for (let index = 0; index < after.length; index += 1) {
      const node = after[index];
      if (!node || node === before[index]) continue;
      const known = this.kept.get(node.id);
      if (known?.node === node) continue;
      this.replace(known?.node.children ?? [], node.children);
      if (known) Object.assign(known, { node, target: this.targetOf(node) });
      else this.kept.set(node.id, { node, target: this.targetOf(node) });
    }
  }

  private forgetMissing(before: readonly TreeNode[], after: readonly TreeNode[]): void {
    const moved: TreeNode[] = [];
    for (let index = 0; index < before.length; index += 1) {
      const node = before[index];
      if (node && node !== after[index] && node.id !== after[index]?.id) moved.push(node);
    }
    if (moved.length === 0) return;
    const present = new Set(after.map(({ id }) => id));
    for (const node of moved) if (!present.has(node.id)) this.forget(node);
  }

  private forget(node: TreeNode): void {
    const known = this.kept.get(node.id);
    this.kept.delete(node.id);
    // An editor may keep each row below which it has looked: VS Code 1.139 does until the whole tree is drawn anew.
    if (known) known.node = withoutChildren(node);
    node.children.forEach((child) => this.forget(child));
  }
}

/** What makes a node a row, and no more. */
function withoutChildren({ id, label, icon, context, subject }: TreeNode): TreeNode {
  return { id, label, icon, context, subject, children: [] };
}
