import assert from 'node:assert/strict';
import { quantile } from '../../bench/quantile';

describe('a quantile', () => {
  it('is the value below which so many lie', () => {
    const values = [5, 1, 4, 2, 3];
    assert.deepEqual(
      [0, 0.5, 0.99, 1].map((part) => quantile(values, part)),
      [1, 3, 5, 5],
    );
  });

  it('there is none of nothing', () => {
    assert.throws(() => quantile([], 0.5), RangeError);
  });
});
