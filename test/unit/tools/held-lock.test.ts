import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../../../src/base';
import { HeldLock, isRefreshed } from '../../../src/tools/held-lock';

const HOUR_MS = 3_600_000;

describe('a lock that somebody else holds', () => {
  let folder: string;
  let lock: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vapp-held-lock-'));
    lock = join(folder, 'x.lock');
    await mkdir(lock);
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function refresh(fromNowMs: number): Promise<void> {
    const time = new Date(Date.now() + fromNowMs);
    await utimes(lock, time, time);
  }

  it('is given up for dead when nobody refreshes it although it dates from the future', async () => {
    await refresh(HOUR_MS);
    const held = new HeldLock(lock, 50);
    await held.look();
    assert.ok(existsSync(lock), 'at the first look nothing is known');
    while (existsSync(lock)) {
      await sleep(5);
      await held.look();
    }
    await held.look();
  });

  it('stays while its owner refreshes it, whatever its clock says', async () => {
    const held = new HeldLock(lock, 20);
    for (let look = 0; look < 10; look += 1) {
      await refresh(HOUR_MS + look * 1000);
      await held.look();
      await sleep(30);
    }
    assert.ok(existsSync(lock), 'one that changes has an owner');
    await refresh(-HOUR_MS);
    for (let look = 0; look < 3; look += 1) {
      await held.look();
      await sleep(30);
    }
    assert.ok(existsSync(lock), 'one from the past is for the library to judge');
  });

  it('counts as held when it was refreshed a moment ago, not in the past or the future', () => {
    const now = Date.now();
    assert.deepEqual(
      [0, -HOUR_MS, HOUR_MS].map((offset) => isRefreshed(now + offset, 5000)),
      [true, false, false],
    );
  });
});
