import assert from 'node:assert/strict';
import { rowAcross, scaleReport, slopeOf } from '../../bench/scale-table';

describe('bench: how costs grow', () => {
  it('is the straight line nearest to the medians', () => {
    const exact = slopeOf([
      [1, 3],
      [2, 5],
      [4, 9],
    ]);
    assert.deepEqual(exact, { slope: 2, base: 1 });
    assert.throws(() => slopeOf([[1, 3]]), RangeError);
  });

  it('is a row whose places are named, of which ours is the first, and a line of the page', () => {
    const points = new Map([
      [10, [1, 1.2, 1.1]],
      [100, [2]],
      [1000, [11]],
    ]);
    const row = rowAcross('scale/size/first-push', 's', 'MB', points);
    assert.equal(row.median, 1.1);
    assert.deepEqual(Object.keys(row.peers), ['MB: 10', 'MB: 100', 'MB: 1000']);
    const page = scaleReport([row, { ...row, name: 'inner-loop' }]);
    assert.match(page, /\| first push \| MB \| 10: 1\.1 s, 100: 2 s, 1000: 11 s \| 1 s \| 0\.01 s \|/);
    assert.ok(!page.includes('inner-loop'));
  });
});
