import assert from 'node:assert/strict';
import { Failure } from '../../../src/base';
import { Collection } from '../../../src/deploy/collection';
import type { KubeObject } from '../../../src/deploy/objects';
import { KubeApiFailure, type KubeApi, type KubeQuery, type WatchEvent } from '../../../src/tools';

type Watching = (query: KubeQuery, onEvent: (event: WatchEvent) => void, signal: AbortSignal) => Promise<void>;

function object(name: string, resourceVersion: string): KubeObject {
  return { metadata: { name, uid: name, resourceVersion } };
}

/** Plays lists and watches in order; the last watch stays open until the signal fires. */
class ScriptedApi {
  readonly asked: string[] = [];

  constructor(
    private readonly lists: (() => KubeObject[])[],
    private readonly watches: Watching[],
  ) {}

  list(): Promise<{ items: KubeObject[]; resourceVersion: string }> {
    this.asked.push('list');
    const items = this.lists.shift()?.() ?? [];
    return Promise.resolve({ items, resourceVersion: '10' });
  }

  watch(_path: string, query: KubeQuery, onEvent: (event: WatchEvent) => void, signal: AbortSignal): Promise<void> {
    this.asked.push(`watch ${String(query['resourceVersion'])}`);
    const next = this.watches.shift();
    return next ? next(query, onEvent, signal) : new Promise(() => undefined);
  }
}

function follow(api: ScriptedApi, until: (collection: Collection<KubeObject>) => boolean) {
  const collection = new Collection<KubeObject>(api as unknown as KubeApi, '/path');
  const stop = new AbortController();
  return new Promise<Collection<KubeObject>>((resolve, reject) => {
    const look = () => {
      if (!until(collection)) return;
      stop.abort();
      resolve(collection);
    };
    collection.follow(look, stop.signal).catch(reject);
  });
}

describe('a watched collection', () => {
  it('is a list, then its changes', async () => {
    const api = new ScriptedApi(
      [() => [object('a', '1'), object('b', '2')]],
      [
        (_query, onEvent) => {
          onEvent({ type: 'ADDED', object: object('c', '11') });
          onEvent({ type: 'DELETED', object: object('a', '12') });
          return new Promise(() => undefined);
        },
      ],
    );
    const collection = await follow(api, ({ objects }) => objects.has('c') && !objects.has('a'));
    assert.deepEqual([...collection.objects.keys()], ['b', 'c']);
    assert.equal(collection.named('b')?.metadata.name, 'b');
  });

  it('goes on where a broken watch ended, bookmarks included', async () => {
    const api = new ScriptedApi(
      [() => []],
      [
        (_query, onEvent) => {
          onEvent({ type: 'BOOKMARK', object: object('', '17') });
          return Promise.reject(new Failure({ code: 'cluster-unreachable', fault: 'environment', summary: 'gone' }));
        },
        (_query, onEvent) => {
          onEvent({ type: 'ADDED', object: object('a', '18') });
          return new Promise(() => undefined);
        },
      ],
    );
    await follow(api, ({ objects }) => objects.has('a'));
    assert.deepEqual(api.asked, ['list', 'watch 10', 'watch 17']);
  });

  for (const [how, fail] of [
    [
      'as an event',
      (onEvent: (event: WatchEvent) => void) => {
        onEvent({ type: 'ERROR', object: { code: 410, reason: 'Expired', message: 'too old' } });
        return Promise.resolve();
      },
    ],
    ['as an answer', () => Promise.reject(new KubeApiFailure(410, 'Expired', 'too old', 'watch'))],
  ] as const) {
    it(`lists anew when the server has forgotten the point (${how})`, async () => {
      const api = new ScriptedApi(
        [() => [object('old', '1')], () => [object('new', '2')]],
        [async (_query, onEvent) => fail(onEvent)],
      );
      const collection = await follow(api, ({ objects }) => objects.has('new'));
      assert.deepEqual([...collection.objects.keys()], ['new']);
      assert.deepEqual(api.asked.filter((call) => call === 'list').length, 2);
    });
  }

  it('gives up when the server refuses', async () => {
    const api = new ScriptedApi(
      [() => []],
      [() => Promise.reject(new KubeApiFailure(403, 'Forbidden', 'no', 'watch'))],
    );
    await assert.rejects(
      follow(api, () => false),
      { status: 403 },
    );
  });
});
