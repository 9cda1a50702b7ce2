import type { TreeNode } from './node';

/**
 * The rows to be drawn anew for `after` to be seen where `before` is: each as deep in the tree as can be, and none below
 * another. Undefined stands for the whole tree, when rows at its top came or went.
 */
export function changedNodes(before: readonly TreeNode[], after: readonly TreeNode[]): readonly TreeNode[] | undefined {
  if (!sameIds(before, after)) return undefined;
  return after.flatMap((node, index) => changesOf(before[index] as TreeNode, node));
}

function changesOf(before: TreeNode, after: TreeNode): readonly TreeNode[] {
  if (!sameRow(before, after) || !sameIds(before.children, after.children)) return [after];
  return after.children.flatMap((child, index) => changesOf(before.children[index] as TreeNode, child));
}

function sameIds(before: readonly TreeNode[], after: readonly TreeNode[]): boolean {
  return before.length === after.length && before.every(({ id }, index) => id === after[index]?.id);
}

/** Compares what each says of itself, without what is below. */
function sameRow(before: TreeNode, after: TreeNode): boolean {
  return JSON.stringify({ ...before, children: [] }) === JSON.stringify({ ...after, children: [] });
}
