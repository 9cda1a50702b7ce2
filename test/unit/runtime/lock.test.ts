import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cancelled } from '../../../src/base';
import { withFreeLock, withLock } from '../../../src/runtime/lock';

describe('the lock of a runtime', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vapp-lock-'));
    file = join(folder, 'data', 'vapp-x');
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** Takes the lock and answers, once it is taken, how to give it back. */
  async function hold(): Promise<() => Promise<void>> {
    let finish!: () => void;
    let held!: Promise<void>;
    await new Promise<void>((inside) => {
      held = withLock(file, {}, () => {
        inside();
        return new Promise<void>((resolve) => (finish = resolve));
      });
    });
    return () => {
      finish();
      return held;
    };
  }

  it('lets one in at a time and tells the others that they wait', async () => {
    const order: string[] = [];
    const giveBack = await hold();
    let second!: Promise<void>;
    await new Promise<void>((waiting) => {
      const onWait = () => {
        order.push('waits');
        waiting();
      };
      second = withLock(file, { onWait }, () => Promise.resolve(void order.push('in')));
    });
    assert.deepEqual(order, ['waits']);
    await giveBack();
    await second;
    assert.deepEqual(order, ['waits', 'in']);
  });

  it('leaves nothing behind, also after a failure', async () => {
    await assert.rejects(
      withLock(file, {}, () => Promise.reject(new Error('boom'))),
      /boom/,
    );
    assert.deepEqual(await readdir(join(folder, 'data')), []);
  });

  it('can be cancelled while waiting', async () => {
    const giveBack = await hold();
    const cancel = new AbortController();
    const second = withLock(file, { signal: cancel.signal, onWait: () => cancel.abort() }, () =>
      Promise.reject(new Error('never gets in')),
    );
    await assert.rejects(second, Cancelled);
    await giveBack();
  });

  it('is taken over from an owner that died', async () => {
    await mkdir(`${file}.lock`, { recursive: true });
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(`${file}.lock`, longAgo, longAgo);
    assert.equal(await withLock(file, {}, () => Promise.resolve('in')), 'in');
  });

  it('is taken over from an owner that died before the clock was set back', async function () {
    this.timeout(30_000);
    const files = [file, `${file}.background`] as const;
    const inAnHour = new Date(Date.now() + 3_600_000);
    for (const each of files) {
      await mkdir(`${each}.lock`, { recursive: true });
      await utimes(`${each}.lock`, inAnHour, inAnHour);
    }
    const work = () => Promise.resolve('in');
    assert.deepEqual(await Promise.all([withLock(files[0], {}, work), withFreeLock(files[1], undefined, work)]), [
      'in',
      { value: 'in' },
    ]);
  });

  it('is not waited for by who does without', async () => {
    const giveBack = await hold();
    assert.equal(await withFreeLock(file, undefined, () => Promise.resolve('in')), undefined);
    await giveBack();
    assert.deepEqual(await withFreeLock(file, undefined, () => Promise.resolve('in')), { value: 'in' });
  });
});
