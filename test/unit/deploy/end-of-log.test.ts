import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { untilContainerEnds } from '../../../src/deploy/end-of-log';
import type { PodObject } from '../../../src/deploy/objects';
import { KubeApiFailure, KubeStream, type KubeApi } from '../../../src/tools';

describe('listening for the end of a container', () => {
  const { signal } = new AbortController();

  it('follows what nothing probes, and tells the end of one', async () => {
    const asked: unknown[] = [];
    const ended = untilContainerEnds(
      api((path, container) => {
        asked.push([path, container]);
        return container === 'a' ? Readable.from([Buffer.from('still here')]) : silence();
      }),
      pod(),
      signal,
    );
    assert.equal(await ended, true);
    const path = '/api/v1/namespaces/apps/pods/one/log';
    assert.deepEqual(asked, [
      [path, 'a'],
      [path, 'b'],
    ]);
  });

  it('knows nothing where the log may not be read, or the connection breaks', async () => {
    const refused = api(() => {
      throw new KubeApiFailure(403, 'Forbidden', 'pods "one" is forbidden', 'GET log');
    });
    assert.equal(await untilContainerEnds(refused, pod(), signal), false);
    const broken = api(() => silence().destroy(new Error('read ECONNRESET')));
    assert.equal(await untilContainerEnds(broken, pod(), signal), false);
  });

  it('knows nothing when it is called off', async () => {
    const stop = new AbortController();
    const streams: Readable[] = [];
    const quiet = api(() => {
      const stream = silence();
      streams.push(stream);
      stop.signal.addEventListener('abort', () => stream.destroy(new Error('aborted')));
      return stream;
    }, stop.signal);
    const ended = untilContainerEnds(quiet, pod(), stop.signal);
    setImmediate(() => stop.abort());
    assert.equal(await ended, false);
    assert.ok(streams.every(({ destroyed }) => destroyed));
  });

  it('does not take an error of our own for an answer', async () => {
    const wrong = api(() => {
      throw new TypeError('no function');
    });
    await assert.rejects(untilContainerEnds(wrong, pod(), signal), TypeError);
  });
});

function api(answer: (path: string, container: unknown) => Readable, signal?: AbortSignal): Pick<KubeApi, 'stream'> {
  return {
    stream: async (path, query) =>
      Promise.resolve().then(() => new KubeStream(answer(path, query?.['container']), 'https://here', signal)),
  };
}

function silence(): Readable {
  return new Readable({ read: () => undefined });
}

function pod(): PodObject {
  const containers = [{ name: 'a' }, { name: 'probed', readinessProbe: {} }, { name: 'b' }];
  return { metadata: { name: 'one', namespace: 'apps' }, spec: { containers } };
}
