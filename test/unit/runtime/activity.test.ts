import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ActivityNote, activityEntries, readActivity } from '../../../src/runtime/activity';
import { BackgroundStart } from '../../../src/runtime/background-start';
import { concernsCluster } from '../../../src/runtime/engine-events';
import { withLock } from '../../../src/runtime/lock';

const CLUSTER = 'vapp-x-00000000';

describe('the note of what is done to a runtime', () => {
  let folder: string;
  let note: ActivityNote;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vapp-activity-'));
    note = new ActivityNote(folder, CLUSTER);
  });
  afterEach(() => rm(folder, { recursive: true }));

  const locked = (work: () => Promise<void>) => withLock(join(folder, CLUSTER), {}, work);
  const seen = async () => (await readActivity(folder, CLUSTER))?.activity;

  it('is there from the first event until the last', async () => {
    assert.equal(await seen(), undefined);
    await locked(async () => {
      assert.equal(await seen(), undefined);
      note.follow({ type: 'state', state: 'starting' });
      note.follow({ type: 'progress', message: 'on its way' });
      assert.equal(await seen(), 'starting');
      const watched = activityEntries(CLUSTER);
      for (const entry of await readdir(folder)) assert.ok(watched.includes(entry), entry);
      note.follow({ type: 'state', state: 'running' });
      assert.equal(await seen(), undefined);
    });
    note.clear();
    assert.deepEqual(await readdir(folder), []);
  });

  it('counts only while its owner lives', async () => {
    await locked(async () => {
      note.follow({ type: 'state', state: 'stopping' });
      const observed = await readActivity(folder, CLUSTER);
      assert.ok(observed && observed.validForMs > 0 && observed.validForMs <= 7000, JSON.stringify(observed));
    });
    assert.equal(await seen(), undefined);
    const lock = join(folder, `${CLUSTER}.lock`);
    await writeFile(lock, '');
    assert.equal(await seen(), 'stopping');
    const long = new Date(Date.now() - 10_000);
    await utimes(lock, long, long);
    assert.equal(await seen(), undefined);
    const beforeTheClockWasSetBack = new Date(Date.now() + 3_600_000);
    await utimes(lock, beforeTheClockWasSetBack, beforeTheClockWasSetBack);
    assert.equal(await seen(), undefined);
  });

  it('is nothing when it says something else', async () => {
    await writeFile(join(folder, `${CLUSTER}.activity`), '');
    await locked(async () => assert.equal(await seen(), undefined));
  });
});

describe('a start in the background', () => {
  let folder: string;
  let start: BackgroundStart;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vapp-background-'));
    start = new BackgroundStart(folder, CLUSTER);
  });
  afterEach(() => rm(folder, { recursive: true }));

  const seen = async () => (await readActivity(folder, CLUSTER))?.activity;

  it('shows as starting until the runtime runs, and is at work until its end', async () => {
    assert.equal(await start.isAtWork(), false);
    const done = await start.run(undefined, async (follow) => {
      assert.equal(await seen(), 'starting');
      for (const entry of await readdir(folder)) assert.ok(activityEntries(CLUSTER).includes(entry), entry);
      follow({ type: 'progress', message: 'on its way' });
      assert.equal(await seen(), 'starting');
      follow({ type: 'state', state: 'running' });
      assert.equal(await seen(), undefined);
      assert.equal(await start.isAtWork(), true);
      return 'warm';
    });
    assert.deepEqual(done, { value: 'warm' });
    assert.equal(await start.isAtWork(), false);
    assert.deepEqual(await readdir(folder), []);
  });

  it('is there once', async () => {
    await start.run(undefined, async () => {
      const second = new BackgroundStart(folder, CLUSTER).run(undefined, () => assert.fail('one is at work'));
      assert.equal(await second, undefined);
    });
  });

  it('gives way to what is done by whoever holds the runtime', async () => {
    await start.run(undefined, () =>
      withLock(join(folder, CLUSTER), {}, async () => {
        new ActivityNote(folder, CLUSTER).follow({ type: 'state', state: 'deleting' });
        assert.equal(await seen(), 'deleting');
      }),
    );
  });

  it('ends with its process, also in the eyes of others', async () => {
    const failed = start.run(undefined, () => Promise.reject(new Error('no Docker')));
    await assert.rejects(failed, /no Docker/);
    assert.equal(await seen(), undefined);
    const lock = join(folder, `${CLUSTER}.background.lock`);
    await writeFile(join(folder, `${CLUSTER}.background.activity`), 'starting\n');
    await writeFile(lock, '');
    assert.equal(await seen(), 'starting');
    assert.equal(await start.isAtWork(), true);
    const long = new Date(Date.now() - 10_000);
    await utimes(lock, long, long);
    assert.equal(await seen(), undefined);
    assert.equal(await start.isAtWork(), false);
  });
});

describe('an event of the engine', () => {
  it('concerns a cluster when it is about its nodes, its registry or its mark', () => {
    const container = (attributes: Record<string, string>) =>
      concernsCluster({ Type: 'container', Actor: { ID: 'x', Attributes: attributes } }, CLUSTER);
    assert.equal(container({ 'k3d.cluster': CLUSTER, name: 'any' }), true);
    assert.equal(container({ name: `k3d-${CLUSTER}-registry` }), true);
    assert.equal(container({ 'k3d.cluster': `${CLUSTER}1` }), false);
    assert.equal(container({}), false);
    const volume = (ID: string) => concernsCluster({ Type: 'volume', Actor: { ID } }, CLUSTER);
    assert.equal(volume(`k3d-${CLUSTER}-complete`), true);
    assert.equal(volume(`k3d-${CLUSTER}-registry`), false);
    assert.equal(concernsCluster({ Type: 'volume' }, CLUSTER), false);
  });
});
