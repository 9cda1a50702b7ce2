import assert from 'node:assert/strict';
import { Repeater } from '../../../src/state/repeater';

describe('a repeated job', () => {
  it('runs once more for all demands made while it runs', async () => {
    const finish: (() => void)[] = [];
    const repeater = new Repeater(() => new Promise<void>((resolve) => finish.push(resolve)));
    const all = [repeater.request(), repeater.request(), repeater.request()];
    assert.equal(finish.length, 1);
    finish[0]!();
    await new Promise((resolve) => setImmediate(resolve));
    finish[1]!();
    await Promise.all(all);
    assert.equal(finish.length, 2);
  });

  it('runs again after a failure, which whoever waited gets', async () => {
    let runs = 0;
    const repeater = new Repeater(() => {
      runs += 1;
      return runs === 1 ? Promise.reject(new Error('no')) : Promise.resolve();
    });
    await assert.rejects(repeater.request(), /no/);
    await repeater.request();
    assert.equal(runs, 2);
  });

  it('loses no demand that comes just as it ends', async () => {
    let runs = 0;
    const repeater = new Repeater(() => {
      runs += 1;
      return Promise.resolve();
    });
    const first = repeater.request();
    for (let turn = 0; turn < 10; turn += 1) {
      const before = runs;
      await Promise.resolve();
      await repeater.request();
      assert.ok(runs > before);
    }
    await first;
  });
});
