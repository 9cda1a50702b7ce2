import assert from 'node:assert/strict';
import fc from 'fast-check';
import { changedNodes } from '../../../src/editor/tree/changes';
import type { TreeNode } from '../../../src/editor/tree/node';
import { all } from './tree-fakes';

const LEVELS = 3;

/** Rows with all below them; they often have the same ids as others, and often say the same. */
function rowsOf(levels: number): fc.Arbitrary<TreeNode[]> {
  const row = fc.record({
    label: fc.constantFrom('one', 'two'),
    icon: fc.constant('pass'),
    context: fc.constant('row'),
    subject: fc.constant({}),
    children: levels === 1 ? fc.constant([]) : rowsOf(levels - 1),
  });
  return fc.array(row, { maxLength: 2 }).map((rows) => rows.map((one, index) => ({ id: String(index), ...one })));
}

const trees = rowsOf(LEVELS);

/** A tree as it is seen after rows of another were drawn in place of those with the same path. */
function drawn(
  shown: readonly TreeNode[],
  now: readonly TreeNode[],
  rows: readonly TreeNode[] | undefined,
): readonly TreeNode[] {
  if (rows === undefined) return now;
  return shown.map((node, index) => {
    const newest = now[index];
    if (newest === undefined) return node;
    return rows.includes(newest) ? newest : { ...node, children: drawn(node.children, newest.children, rows) };
  });
}

describe('drawing only what changed', () => {
  it('shows the newest rows, whatever changed', () => {
    fc.assert(
      fc.property(trees, trees, (before, after) => {
        assert.deepEqual(drawn(before, after, changedNodes(before, after)), after);
      }),
    );
  });

  it('draws no row that need not be drawn, and none twice', () => {
    fc.assert(
      fc.property(trees, trees, (before, after) => {
        const rows = changedNodes(before, after) ?? [];
        for (const row of rows) {
          const others = rows.filter((other) => other !== row);
          assert.ok(!others.some((other) => all(other.children).includes(row)));
          assert.notDeepEqual(drawn(before, after, others), after);
        }
      }),
    );
  });
});
