import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cancelled } from '../../../src/base';
import { withLock } from '../../../src/runtime/lock';

describe('the lock of a runtime', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vapp-lock-'));
    file = join(folder, 'data', 'vapp-x');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('lets one in at a time and tells the others that they wait', async () => {
    const order: string[] = [];
    let finish!: () => void;
    const first = withLock(file, {}, async () => {
      order.push('first in');
      await new Promise<void>((resolve) => (finish = resolve));
      order.push('first out');
    });
    let waiting!: () => void;
    const waits = new Promise<void>((resolve) => (waiting = resolve));
    const second = withLock(
      file,
      {
        onWait: () => {
          order.push('second waits');
          waiting();
        },
      },
      () => {
        order.push('second in');
        return Promise.resolve();
      },
    );
    await waits;
    finish();
    await Promise.all([first, second]);
    assert.deepEqual(order, ['first in', 'second waits', 'first out', 'second in']);
  });

  it('leaves nothing behind, also after a failure', async () => {
    await assert.rejects(
      withLock(file, {}, () => Promise.reject(new Error('boom'))),
      /boom/,
    );
    assert.deepEqual(await readdir(join(folder, 'data')), []);
  });

  it('can be cancelled while waiting', async () => {
    let finish!: () => void;
    const first = withLock(file, {}, () => new Promise<void>((resolve) => (finish = resolve)));
    const cancel = new AbortController();
    const second = withLock(file, { signal: cancel.signal, onWait: () => cancel.abort() }, () =>
      Promise.reject(new Error('never gets in')),
    );
    await assert.rejects(second, Cancelled);
    finish();
    await first;
  });

  it('is taken over from an owner that died', async () => {
    await mkdir(`${file}.lock`, { recursive: true });
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(`${file}.lock`, longAgo, longAgo);
    assert.equal(await withLock(file, {}, () => Promise.resolve('in')), 'in');
  });
});
