import assert from 'node:assert/strict';
import sinon from 'sinon';
import { Cancelled } from '../../../src/base';
import type { LogEvent, LogRequest } from '../../../src/logs';
import { AppFeed } from '../../../src/editor/logs/app-feed';
import { feedSubject, type FeedSubject } from '../../../src/editor/logs/feed-subject';
import type { AppPicture, WorkspacePicture } from '../../../src/state';
import { OTHER_POD, ended, lineEvent, started } from './log-fakes';

const ACCESS = { kubeconfig: '/data/kubeconfig', context: 'k3d-one' };
const SUBJECT: FeedSubject = {
  access: ACCESS,
  release: 'sampleapp',
  namespace: 'default',
  revision: 1,
  updated: '2026-11-24T08:00:00Z',
  pending: false,
  shape: 'deployed Deployment/sampleapp',
};

/** A stream that a test writes to. */
class FakeStream implements AsyncIterable<readonly LogEvent[]> {
  private readonly events: LogEvent[] = [];
  private wake: () => void = () => undefined;
  private failure: Error | undefined;
  closed = false;

  constructor(readonly request: LogRequest) {
    request.signal?.addEventListener('abort', () => this.fail(new Cancelled()));
  }

  write(...events: LogEvent[]): void {
    this.events.push(...events);
    this.wake();
  }

  fail(error: Error): void {
    this.failure = error;
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly LogEvent[]> {
    try {
      for (;;) {
        const events = this.events.splice(0);
        if (events.length > 0) yield events;
        else if (this.failure) throw this.failure;
        else await new Promise<void>((resolve) => (this.wake = resolve));
      }
    } finally {
      this.closed = true;
    }
  }
}

describe('the feed of an app', () => {
  let clock: sinon.SinonFakeTimers;
  let selectors: () => Promise<readonly string[]>;
  let asked: number;
  let streams: FakeStream[];
  let received: LogEvent[];
  let failures: unknown[];
  let gone: number;
  let feed: AppFeed;
  const settle = () => clock.tickAsync(0);
  const last = () => streams.at(-1) ?? assert.fail('nothing is followed');
  const update = async (wanted: FeedSubject | 'none' | undefined) => {
    feed.update(wanted);
    await settle();
  };

  beforeEach(() => {
    clock = sinon.useFakeTimers();
    selectors = () => Promise.resolve(['app=sampleapp']);
    asked = 0;
    streams = [];
    received = [];
    failures = [];
    gone = 0;
    feed = new AppFeed(
      {
        selectors: () => {
          asked += 1;
          return selectors();
        },
        follow: (request) => {
          const stream = new FakeStream(request);
          streams.push(stream);
          return Promise.resolve(stream);
        },
      },
      {
        received: (event) => received.push(event),
        failed: (error) => failures.push(error),
        gone: () => (gone += 1),
      },
      () => 100,
    );
  });

  afterEach(async () => {
    await feed.dispose();
    assert.ok(streams.every(({ closed }) => closed));
    clock.restore();
  });

  it('begins with the last lines of what runs already', async () => {
    await update(SUBJECT);
    const { access, namespace, selectors: followed, follow, tail, since } = last().request;
    assert.deepEqual(
      { access, namespace, followed, follow, tail, since },
      { access: ACCESS, namespace: 'default', followed: ['app=sampleapp'], follow: true, tail: 100, since: undefined },
    );
    last().write(started(), lineEvent('one'));
    await settle();
    assert.deepEqual(received, [started(), lineEvent('one')]);
  });

  it('goes on over a rollout and while nothing is known, on the same streams', async () => {
    await update(SUBJECT);
    await update({ ...SUBJECT, revision: 2, pending: true, shape: 'pending-upgrade Deployment/sampleapp' });
    assert.equal(asked, 1);
    await update(undefined);
    await update({ ...SUBJECT, revision: 2 });
    last().write(lineEvent('one'));
    await settle();
    assert.equal(asked, 2);
    assert.equal(streams.length, 1);
    assert.deepEqual(received, [lineEvent('one')]);
  });

  it('tells that nobody writes any more, once, when the release is away', async () => {
    await update('none');
    assert.equal(gone, 0);
    await update(SUBJECT);
    await update({ ...SUBJECT, revision: 2 });
    await update(undefined);
    assert.equal(gone, 0);
    await update('none');
    await update('none');
    assert.equal(gone, 1);
  });

  it('follows a release that is only being installed', async () => {
    await update({ ...SUBJECT, pending: true, shape: 'pending-install' });
    assert.equal(streams.length, 1);
  });

  it('ends with the release', async () => {
    await update(SUBJECT);
    await update('none');
    assert.ok(last().closed);
    assert.ok(!feed.following);
  });

  it('goes over to other pods without loss or doubles when the selectors change', async () => {
    const at = (second: number) => ({ timestamp: `2026-11-24T08:00:0${second}.000000000Z` });
    await update(SUBJECT);
    last().write(started(), lineEvent('one', at(1)), lineEvent('two', at(2)));
    await settle();
    selectors = () => Promise.resolve(['app=other']);
    await update({ ...SUBJECT, revision: 2 });
    assert.equal(streams.length, 2);
    assert.ok(streams[0]?.closed);
    const { since, tail, selectors: followed } = last().request;
    assert.deepEqual([since, tail, followed], [new Date('2026-11-24T08:00:02Z'), undefined, ['app=other']]);
    received = [];
    const other = { pod: OTHER_POD, ...at(2) };
    last().write(
      started(),
      lineEvent('two', at(2)),
      lineEvent('three', at(3)),
      started(OTHER_POD),
      lineEvent('a', other),
    );
    await settle();
    assert.deepEqual(received, [lineEvent('three', at(3)), started(OTHER_POD), lineEvent('a', other)]);
  });

  it('tells of no start and no end twice, but of those that came meanwhile', async () => {
    await update(SUBJECT);
    last().write(started(), lineEvent('one'), ended(), started(OTHER_POD));
    await settle();
    selectors = () => Promise.resolve(['app=other']);
    await update({ ...SUBJECT, revision: 2 });
    received = [];
    last().write(started(), ended(), started(OTHER_POD), ended(OTHER_POD), started(OTHER_POD, 'app', 1));
    await settle();
    assert.deepEqual(received, [ended(OTHER_POD), started(OTHER_POD, 'app', 1)]);
  });

  it('begins anew in a cluster created anew, whose release counts from one again', async () => {
    await update({ ...SUBJECT, revision: 3 });
    await update({ ...SUBJECT, updated: '2026-11-24T09:00:00Z' });
    assert.equal(streams.length, 2);
    assert.ok(streams[0]?.closed);
  });

  it('waits for a release without workloads to get some', async () => {
    selectors = () => Promise.resolve([]);
    await update(SUBJECT);
    assert.equal(streams.length, 0);
    selectors = () => Promise.resolve(['app=sampleapp']);
    await update({ ...SUBJECT, revision: 2 });
    assert.equal(streams.length, 1);
  });

  it('tells why it failed and begins again after a while, where it was', async () => {
    await update(SUBJECT);
    last().write(lineEvent('one'));
    await settle();
    const refusal = new Error('refused');
    last().fail(refusal);
    await settle();
    assert.deepEqual(failures, [refusal]);
    assert.equal(streams.length, 1);
    await clock.tickAsync(500);
    assert.equal(streams.length, 2);
    assert.deepEqual(last().request.since, new Date('2026-11-24T08:00:00Z'));
  });

  it('asks ever more seldom while it fails', async () => {
    selectors = () => Promise.reject(new Error('away'));
    await update(SUBJECT);
    await clock.tickAsync(60_000);
    assert.ok(failures.length > 3 && failures.length < 10, `${failures.length} attempts`);
  });

  it('delivers nothing of a release that has ended', async () => {
    await update(SUBJECT);
    const stream = last();
    feed.update('none');
    stream.write(lineEvent('late'));
    await settle();
    assert.deepEqual(received, []);
  });
});

describe('what a feed follows', () => {
  const app: AppPicture = {
    id: 'sampleapp',
    name: 'SampleApp',
    namespace: 'default',
    files: { dockerfile: '/repo/app/Dockerfile' },
    problems: [],
    release: { revision: 1, status: 'deployed', updated: '2026-11-24T08:00:00Z' },
    workloads: [{ kind: 'Deployment', name: 'sampleapp', ready: 1, wanted: 1 }],
    pods: [],
    troubles: [],
  };
  const picture: WorkspacePicture = {
    root: '/repo',
    engine: { state: 'up' },
    runtime: { state: 'running', access: ACCESS, followed: true, nodes: [], services: [] },
    apps: [app],
    problems: [],
  };

  it('is the release of the app', () => {
    assert.deepEqual(feedSubject(picture, 'sampleapp'), SUBJECT);
  });

  it('is nothing without a release or a runtime', () => {
    const { id, name, namespace, files, problems, workloads, pods, troubles } = app;
    const undeployed = { id, name, namespace, files, problems, workloads, pods, troubles };
    assert.equal(feedSubject({ ...picture, apps: [undeployed] }, 'sampleapp'), 'none');
    assert.equal(feedSubject({ ...picture, apps: [] }, 'sampleapp'), 'none');
    const absent = { state: 'absent', followed: false, nodes: [], services: [] } as const;
    assert.equal(feedSubject({ ...picture, runtime: absent }, 'sampleapp'), 'none');
  });

  it('is not known while the runtime is stopped or Docker is away', () => {
    for (const state of ['stopped', 'unknown'] as const) {
      const runtime = { state, followed: false, nodes: [], services: [] };
      assert.equal(feedSubject({ ...picture, runtime }, 'sampleapp'), undefined);
    }
  });

  it('does not depend on how far a rollout is', () => {
    const workloads = [{ kind: 'Deployment', name: 'sampleapp', ready: 0, wanted: 1 }] as const;
    assert.deepEqual(feedSubject({ ...picture, apps: [{ ...app, workloads }] }, 'sampleapp'), SUBJECT);
  });
});
