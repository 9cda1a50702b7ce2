import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { TreeNode } from '../../../src/editor/tree/node';
import { Rows } from '../../../src/editor/tree/rows';
import { all } from './tree-fakes';

const LEVELS = 3;

/** Rows with all below them, whose ids are unique in the tree. */
function rowsOf(levels: number, above = ''): fc.Arbitrary<TreeNode[]> {
  const row = (name: string): fc.Arbitrary<TreeNode> =>
    fc.record({
      id: fc.constant(`${above}/${name}`),
      label: fc.constantFrom('one', 'two'),
      icon: fc.constant('pass'),
      context: fc.constant('row'),
      subject: fc.constant({}),
      children: levels === 1 ? fc.constant([]) : rowsOf(levels - 1, `${above}/${name}`),
    });
  return fc.shuffledSubarray(['a', 'b', 'c']).chain((names) => fc.tuple(...names.map(row)));
}

const trees = rowsOf(LEVELS);

/** The rows of all nodes, in the order in which they are seen. */
function kept<T>(rows: Rows<T>, nodes: readonly TreeNode[]) {
  return rows.of(all(nodes));
}

describe('the rows that the editor knows', () => {
  it('show what is newest, and are the same objects while their things are there', () => {
    fc.assert(
      fc.property(trees, trees, trees, (first, second, third) => {
        const rows = new Rows(({ label }) => label);
        let before = new Map<string, object>();
        for (const nodes of [first, second, third]) {
          rows.update(nodes);
          const now = kept(rows, nodes);
          assert.deepEqual(
            now.map(({ node, target }) => [node, target]),
            all(nodes).map((node) => [node, node.label]),
          );
          for (const row of now) assert.equal(before.get(row.node.id) ?? row, row);
          before = new Map(now.map((row) => [row.node.id, row]));
        }
      }),
    );
  });

  it('forget what is not there any more, wherever it was', () => {
    fc.assert(
      fc.property(trees, trees, (first, second) => {
        const rows = new Rows(() => undefined);
        rows.update(first);
        rows.update(second);
        const present = new Set(all(second).map(({ id }) => id));
        const gone = all(first).filter(({ id }) => !present.has(id));
        assert.deepEqual(rows.of(gone), []);
      }),
    );
  });

  it('hold nothing of what is gone but the row itself, which the editor may keep', () => {
    fc.assert(
      fc.property(trees, trees, (first, second) => {
        const rows = new Rows(() => undefined);
        rows.update(first);
        const before = kept(rows, first);
        rows.update(second);
        const present = new Set(all(second).map(({ id }) => id));
        for (const { node } of before) if (!present.has(node.id)) assert.deepEqual(node.children, []);
      }),
    );
  });

  it('are not looked at below a node that is the very same', () => {
    const asked: string[] = [];
    const rows = new Rows(({ id }) => asked.push(id));
    const row = (id: string, children: TreeNode[] = []) => ({
      ...{ id, label: id, icon: 'pass', context: 'row', subject: {} },
      children,
    });
    const same = row('same', [row('below it')]);
    rows.update([same, row('other')]);
    asked.length = 0;
    rows.update([same, row('other')]);
    assert.deepEqual(asked, ['other']);
  });
});
