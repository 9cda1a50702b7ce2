import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Failure } from '../../../src/base';
import { share } from '../../../src/state/share';

describe('sharing what is the same', () => {
  it('answers the value of before when nothing is different', () => {
    const before = { a: [1, { b: 'c' }], d: undefined };
    assert.equal(share(before, { a: [1, { b: 'c' }], d: undefined }), before);
  });

  it('makes anew only what leads to a difference', () => {
    const before = { same: { deep: [1] }, list: [{ name: 'a' }, { name: 'b', x: [1] }] };
    const after = share(before, { same: { deep: [1] }, list: [{ name: 'a' }, { name: 'b', x: [1, 2] }] });
    assert.notEqual(after, before);
    assert.equal(after.same, before.same);
    assert.equal(after.list[0], before.list[0]);
    assert.notEqual(after.list[1], before.list[1]);
  });

  it('answers the new value itself where nothing of before had to be put into it', () => {
    const kept = { deep: [1] };
    const before = { pods: [{ name: 'a', kept, ready: false }, { name: 'b' }] };
    const [changed, same] = [{ name: 'a', kept, ready: true }, before.pods[1]];
    const after = { pods: [changed, same] };
    assert.equal(share(before, after), after);
    const again = share(after, { pods: [changed, same] });
    assert.equal(again, after);
    assert.equal(share(before, { pods: [changed, { name: 'b' }] }).pods[0], changed);
  });

  it('knows elements of lists by id or name, wherever they are', () => {
    const before = [{ name: 'a' }, { name: 'b' }];
    const after = share(before, [{ name: 'new' }, { name: 'b' }, { name: 'a' }]);
    assert.equal(after[1], before[1]);
    assert.equal(after[2], before[0]);
    const shorter = share(before, [{ name: 'a' }]);
    assert.equal(shorter.length, 1);
    assert.equal(shorter[0], before[0]);
  });

  it('tells a missing entry from one more', () => {
    assert.deepEqual(share({ a: 1, b: 2 }, { a: 1 }), { a: 1 });
    assert.deepEqual(share({ a: 1 }, { a: 1, b: undefined }), { a: 1, b: undefined });
  });

  it('compares failures by what they say', () => {
    const failure = (summary: string) => new Failure({ code: 'x', fault: 'app', summary });
    const before = { failure: failure('one') };
    assert.equal(share(before, { failure: failure('one') }), before);
    assert.equal(share(before, { failure: failure('two') }).failure.summary, 'two');
  });

  it('never changes what a value says', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (before, after) => {
        assert.deepEqual(JSON.stringify(sorted(share(before, after))), JSON.stringify(sorted(after)));
      }),
    );
  });
});

/** With the keys in order, since an object of before may have them in another one. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}
