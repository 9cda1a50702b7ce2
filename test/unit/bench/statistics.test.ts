import assert from 'node:assert/strict';
import { rowOf, summarise, tableOf, verdictsOf } from '../../bench/statistics';

describe('bench: statistics', () => {
  it('takes the middle of an odd and of an even number of values', () => {
    assert.deepEqual(summarise([3, 1, 2]), { median: 2, min: 1, max: 3 });
    assert.deepEqual(summarise([4, 1, 2, 3]), { median: 2.5, min: 1, max: 4 });
    assert.throws(() => summarise([]), RangeError);
  });

  it('makes ratios of medians, ours to theirs', () => {
    const row = rowOf('inner-loop', 's', [1, 2, 3], { skaffold: [4, 4, 8] });
    assert.deepEqual(row, {
      name: 'inner-loop',
      unit: 's',
      runs: 3,
      median: 2,
      min: 1,
      max: 3,
      peers: { skaffold: { median: 4, min: 4, max: 8 } },
      ratios: { skaffold: 0.5 },
    });
  });

  it('tells in how many runs a peer came to nothing', () => {
    const row = rowOf('inner-loop', 's', [1, 1, 1], { skaffold: [undefined, 2, undefined], floor: [1, 1, 1] });
    assert.deepEqual(row.peers['skaffold'], { median: 2, min: 2, max: 2 });
    assert.deepEqual(row.missing, { skaffold: 2 });
    assert.match(tableOf([row]), /\| skaffold \(no result in 2 more\) \| 2 s/);
    assert.match(tableOf([row]), /\| floor \| 1 s/);
  });

  it('makes no ratio to nothing', () => {
    assert.deepEqual(rowOf('idle-cpu', '%', [0.1], { stub: [0] }).ratios, {});
  });

  it('shows a row for us and one for each peer', () => {
    const lines = tableOf([rowOf('resume', 's', [1], { 'k3d cluster start': [2] })])
      .trimEnd()
      .split('\n');
    assert.equal(lines.length, 4);
    assert.match(lines[3] ?? '', /k3d cluster start \| 2 s \| 2 s \| 2 s \| 0.5/);
  });

  it('judges the medians by the bars of peers and by a limit of our own', () => {
    const row = rowOf('inner-loop', 's', [1.104], { skaffold: [3], floor: [1] }, { bars: { floor: 1.1 }, limit: 1.2 });
    assert.deepEqual(verdictsOf(row), [
      { greatest: 1.2, met: true },
      { peer: 'floor', greatest: 1.1, met: false },
    ]);
    assert.deepEqual(verdictsOf(rowOf('resume', 's', [1], { start: [2] })), []);
  });

  it('lets nothing be more than nothing, and refuses a bar for a peer that is not there', () => {
    const bars = { stub: 2 };
    assert.deepEqual(verdictsOf(rowOf('idle-cpu', '%', [0], { stub: [0] }, { bars })), [
      { peer: 'stub', greatest: 2, met: true },
    ]);
    assert.throws(() => rowOf('idle-cpu', '%', [0], {}, { bars }), RangeError);
  });

  it('shows bars and whether they are met', () => {
    const bars = { skaffold: 0.5, floor: 1.1 };
    const table = tableOf([rowOf('inner-loop', 's', [1], { skaffold: [4], floor: [0.5] }, { bars, limit: 2 })]);
    assert.match(table, /\| ours \| 1 s \| 1 s \| 1 s \| \| ≤ 2 s ✓ \|/);
    assert.match(table, /skaffold .* \| 0.25 \| ≤ 0.5 ✓ \|/);
    assert.match(table, /floor .* \| 2 \| ≤ 1.1 ✗ \|/);
  });

  it('tells of a bar that what nobody can do without misses already, and of no other', () => {
    const bars = { skaffold: 0.5, parts: 1.1 };
    const theirs = { skaffold: [4], parts: [3] };
    const row = rowOf('inner-loop', 's', [3.2], theirs, { bars, unavoidable: 'parts' });
    assert.deepEqual(verdictsOf(row), [
      { peer: 'skaffold', greatest: 0.5, met: false, floor: 0.75 },
      { peer: 'parts', greatest: 1.1, met: true },
    ]);
    assert.match(tableOf([row]), /≤ 0.5 ✗; what cannot be avoided alone: 0.75 \|/);
    const slow = rowOf('inner-loop', 's', [3.2], { skaffold: [6], parts: [2] }, { bars, unavoidable: 'parts' });
    assert.ok(verdictsOf(slow).every(({ met, floor }) => !met && floor === undefined));
    assert.throws(() => rowOf('x', 's', [1], { skaffold: [1] }, { unavoidable: 'parts' }), RangeError);
  });
});
