import assert from 'node:assert/strict';
import { Owner, type Disposable } from '../../../src/editor/owner';

class Household extends Owner {
  keep<T extends Disposable>(item: T): T {
    return this.own(item);
  }
}

describe('an owner', () => {
  let ended: string[];
  let owner: Household;

  const item = (name: string): Disposable => ({ dispose: () => ended.push(name) });

  beforeEach(() => {
    ended = [];
    owner = new Household();
  });

  it('ends what it owns, the newest first, and once', async () => {
    for (const name of ['first', 'second', 'third']) owner.keep(item(name));
    assert.equal(owner.disposed, false);
    await Promise.all([owner.dispose(), owner.dispose()]);
    await owner.dispose();
    assert.equal(owner.disposed, true);
    assert.deepEqual(ended, ['third', 'second', 'first']);
  });

  it('waits for what takes its time', async () => {
    owner.keep({
      dispose: async () => {
        await new Promise((resolve) => setTimeout(resolve, 10));
        ended.push('late');
      },
    });
    await owner.dispose();
    assert.deepEqual(ended, ['late']);
  });

  it('ends the others when one does not want to, and says so', async () => {
    owner.keep(item('first'));
    owner.keep({
      dispose: () => {
        throw new Error('not me');
      },
    });
    owner.keep(item('third'));
    await assert.rejects(owner.dispose(), /not me/);
    assert.deepEqual(ended, ['third', 'first']);
  });

  it('ends at once what it is given too late', async () => {
    await owner.dispose();
    owner.keep(item('late'));
    assert.deepEqual(ended, ['late']);
  });
});
