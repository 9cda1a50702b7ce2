import assert from 'node:assert/strict';
import sinon from 'sinon';
import { Cancelled, Failure } from '../../../src/base';
import { Reflector, type ReflectorOptions, type WatchableApi } from '../../../src/tools';
import { FakeCluster, UNREACHABLE, node, pod } from '../state/fakes';

const PATH = '/api/v1/pods';

describe('a reflector', () => {
  let cluster: FakeCluster;
  let stop: AbortController;
  let changes: number;
  let clock: sinon.SinonFakeTimers;

  beforeEach(() => {
    cluster = new FakeCluster();
    stop = new AbortController();
    changes = 0;
    clock = sinon.useFakeTimers();
  });
  afterEach(() => {
    stop.abort();
    clock.restore();
  });

  function follow<T>(keep: (object: unknown) => T, options?: ReflectorOptions, api: WatchableApi = cluster) {
    const reflector = new Reflector(api, PATH, keep, options);
    const ended = reflector.follow(() => (changes += 1), stop.signal).catch((error: unknown) => error);
    return { reflector, ended };
  }

  const statusOf = (object: unknown) => (object as { status?: unknown }).status;

  it('tells of an empty list, too', async () => {
    const { reflector } = follow(statusOf);
    await clock.tickAsync(0);
    assert.equal(reflector.synced, true);
    assert.equal(changes, 1);
  });

  it('tells of changes in what is kept only', async () => {
    cluster.put(PATH, pod('a', 'web'));
    const { reflector } = follow(statusOf);
    await clock.tickAsync(0);
    cluster.put(PATH, pod('a', 'web', { noise: 'x' }));
    cluster.bookmark(PATH);
    assert.equal(changes, 1);
    cluster.put(PATH, pod('a', 'web', { ready: false }));
    assert.equal(changes, 2);
    cluster.remove(PATH, 'a');
    assert.equal(changes, 3);
    assert.equal(reflector.objects.size, 0);
  });

  it('keeps no more than it is asked to', async () => {
    cluster.put(PATH, node('a'));
    const { reflector } = follow((object) => (object as { metadata: { name: string } }).metadata.name);
    await clock.tickAsync(0);
    assert.deepEqual([...reflector.objects], [['a', 'a']]);
  });

  it('tells once what a new list changed, and nothing if it is the old one', async () => {
    cluster.put(PATH, pod('a', 'web'));
    cluster.put(PATH, pod('b', 'web'));
    const expired = { type: 'ERROR', object: { code: 410 } } as const;
    let watches = 0;
    const api: WatchableApi = {
      list: (path: string) => cluster.list(path),
      watch: (path, query, onEvent, signal) => {
        watches += 1;
        if (watches === 2) cluster.remove(PATH, 'a');
        if (watches < 3) return Promise.resolve().then(() => onEvent(expired));
        return cluster.watch(path, query, onEvent, signal);
      },
    };
    const { reflector } = follow(statusOf, {}, api);
    await clock.tickAsync(1000);
    assert.equal(changes, 2);
    assert.deepEqual([...reflector.objects.keys()], ['b']);
  });

  it('asks for metadata only when told to', async () => {
    const headers: unknown[] = [];
    const api: WatchableApi = {
      list: (path, _query, _signal, given) => {
        headers.push(given);
        return cluster.list(path);
      },
      watch: (path, query, onEvent, signal, given) => {
        headers.push(given);
        return cluster.watch(path, query, onEvent, signal);
      },
    };
    follow(statusOf, { metadataOnly: true }, api);
    await clock.tickAsync(0);
    assert.deepEqual(headers, [
      { accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' },
      { accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' },
    ]);
  });

  it('gives up a server that stays away, but not one that was silent for long before', async () => {
    const { ended } = follow(statusOf, { patienceMs: 10_000 });
    let failure: unknown;
    void ended.then((error) => (failure = error));
    await clock.tickAsync(60_000);
    cluster.breakWatches(UNREACHABLE);
    await clock.tickAsync(5000);
    assert.equal(failure, undefined);
    assert.equal(cluster.watching, 1);

    await clock.tickAsync(60_000);
    cluster.refusal = UNREACHABLE;
    cluster.breakWatches(UNREACHABLE);
    await clock.tickAsync(9000);
    assert.equal(failure, undefined);
    await clock.tickAsync(5000);
    assert.equal(failure, UNREACHABLE);
  });

  it('ends with the signal, wherever it is', async () => {
    const watching = follow(statusOf);
    await clock.tickAsync(0);
    stop.abort();
    assert.ok((await watching.ended) instanceof Cancelled);
    assert.equal(cluster.watching, 0);

    stop = new AbortController();
    cluster.refusal = new Failure({ code: 'cluster-unreachable', fault: 'environment', summary: 'away' });
    const waiting = follow(statusOf);
    await clock.tickAsync(0);
    stop.abort();
    assert.ok((await waiting.ended) instanceof Cancelled);
  });
});
