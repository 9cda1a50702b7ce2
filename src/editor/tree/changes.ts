import type { TreeNode } from './node';

/**
 * The rows to be drawn anew for `after` to be seen where `before` is: each as deep in the tree as can be, and none below
 * another. Undefined stands for the whole tree, when rows at its top came or went.
 */
export function changedNodes(before: readonly TreeNode[], after: readonly TreeNode[]): readonly TreeNode[] | undefined {
  return sameIds(before, after) ? changesOf(before, after) : undefined;
}

function changesOf(before: readonly TreeNode[], after: readonly TreeNode[]): readonly TreeNode[] {
  const changed: TreeNode[] = [];
  for (let index = 0; index < after.length; index += 1) {
    const node = after[index];
    const other = before[index];
    // Rows of what has not changed are mostly the very same; for those nothing is called.
    if (other === node || !node || !other) continue;
    const isDrawn = !sameRow(other, node) || !sameIds(other.children, node.children);
    changed.push(...(isDrawn ? [node] : changesOf(other.children, node.children)));
  }
  return changed;
}

function sameIds(before: readonly TreeNode[], after: readonly TreeNode[]): boolean {
  if (before.length !== after.length) return false;
  for (let index = 0; index < after.length; index += 1) {
    if (before[index] !== after[index] && before[index]?.id !== after[index]?.id) return false;
  }
  return true;
}

/** Compares what each says of itself, without what is below. */
function sameRow(before: TreeNode, after: TreeNode): boolean {
  return JSON.stringify({ ...before, children: [] }) === JSON.stringify({ ...after, children: [] });
}
