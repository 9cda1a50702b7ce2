import assert from 'node:assert/strict';
import sinon from 'sinon';
import { Cancelled } from '../../../src/base';
import { PortForward, choosePod } from '../../../src/editor/port-forward';
import type { PodPicture } from '../../../src/state';

function pod(name: string, more: Partial<PodPicture> = {}): PodPicture {
  const created = { createdAt: '2026-11-24T08:00:00Z', containers: [] };
  return { name, phase: 'Running', ready: true, deleting: false, ...created, ...more };
}

interface Attempt {
  readonly pod: string;
  readonly ready: () => void;
  readonly fail: (error: Error) => void;
  /** The pod turns out to be gone. */
  readonly leave: () => void;
  ended: boolean;
}

describe('a forwarded port', () => {
  let clock: sinon.SinonFakeTimers;
  let attempts: Attempt[];
  let forward: PortForward;
  const settle = () => clock.tickAsync(0);
  const last = () => attempts.at(-1) ?? assert.fail('nothing is forwarded');
  const open = (...args: [readonly PodPicture[], string?]) => {
    forward = new PortForward(
      (name, ready, signal) =>
        new Promise((resolve, reject) => {
          const attempt: Attempt = {
            pod: name,
            ready,
            fail: (error) => {
              attempt.ended = true;
              reject(error);
            },
            leave: () => {
              attempt.ended = true;
              resolve();
            },
            ended: false,
          };
          signal.addEventListener('abort', () => attempt.fail(new Cancelled()));
          attempts.push(attempt);
        }),
      ...args,
    );
  };

  beforeEach(() => {
    clock = sinon.useFakeTimers();
    attempts = [];
  });

  afterEach(async () => {
    await forward.stop();
    assert.ok(attempts.every(({ ended }) => ended));
    clock.restore();
  });

  it('leads to the pod wished for, and is ready when connections are taken', async () => {
    open([pod('a'), pod('b')], 'b');
    let ready = false;
    void forward.whenReady.then(() => (ready = true));
    await settle();
    assert.equal(last().pod, 'b');
    assert.ok(!ready);
    last().ready();
    await settle();
    assert.ok(ready);
  });

  it('goes over to the new pod when the old one is replaced', async () => {
    open([pod('old')]);
    last().ready();
    forward.update([pod('old'), pod('new', { ready: false })]);
    await settle();
    assert.equal(attempts.length, 1);
    forward.update([pod('old', { deleting: true }), pod('new')]);
    await clock.tickAsync(1000);
    assert.deepEqual(
      attempts.map((attempt) => attempt.pod),
      ['old', 'new'],
    );
    assert.ok(attempts[0]?.ended);
  });

  it('waits for a pod, and asks for nothing while there is none', async () => {
    open([pod('old')]);
    last().ready();
    forward.update([]);
    await clock.tickAsync(60_000);
    assert.equal(attempts.length, 1);
    assert.equal(clock.countTimers(), 0);
    forward.update([pod('new')]);
    await settle();
    assert.equal(last().pod, 'new');
  });

  it('connects again after a lost connection, ever more seldom', async () => {
    open([pod('a')]);
    last().ready();
    for (let minute = 0; minute < 60; minute++) {
      if (!last().ended) last().fail(new Error('lost connection to pod'));
      await clock.tickAsync(1000);
    }
    assert.ok(attempts.length > 3 && attempts.length < 15, `${attempts.length} attempts`);
  });

  it('ends with why it never worked', async () => {
    open([pod('a')]);
    const refusal = new Error('unable to listen');
    last().fail(refusal);
    await assert.rejects(forward.ended, refusal);
    assert.equal(attempts.length, 1);
  });

  it('goes over to another pod when the first is gone before it is reached, however late that is seen', async () => {
    open([pod('old')]);
    last().leave();
    await clock.tickAsync(1000);
    assert.equal(last().pod, 'old');
    forward.update([pod('new')]);
    await clock.tickAsync(1000);
    assert.equal(last().pod, 'new');
    assert.deepEqual(
      attempts.map(({ ended }) => ended),
      [true, true, false],
    );
    last().ready();
    await forward.whenReady;
  });

  it('ends when it is stopped, also while it waits', async () => {
    open([]);
    await forward.stop();
    await forward.ended;
    assert.equal(attempts.length, 0);
  });
});

describe('the pod to forward to', () => {
  const older = { createdAt: '2026-11-24T07:00:00Z' };

  it('is a ready one, the newest of them', () => {
    const pods = [pod('old', older), pod('new'), pod('newest', { createdAt: '2026-11-24T09:00:00Z', ready: false })];
    assert.equal(choosePod(pods)?.name, 'new');
  });

  it('is one that runs when none is ready, and none when none runs', () => {
    assert.equal(choosePod([pod('a', { ready: false })])?.name, 'a');
    assert.equal(choosePod([pod('a', { phase: 'Pending' }), pod('b', { deleting: true })]), undefined);
  });
});
