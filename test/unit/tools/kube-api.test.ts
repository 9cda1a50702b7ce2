import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cancelled } from '../../../src/base';
import { KubeApi, KubeApiFailure, kubernetes, type ClusterAccess, type WatchEvent } from '../../../src/tools';

type Answer = (request: http.IncomingMessage, response: http.ServerResponse) => void;

describe('KubeApi', () => {
  let folder: string;
  let access: ClusterAccess;
  let api: KubeApi;
  let answer: Answer;
  const servers: http.Server[] = [];

  before('loads the Kubernetes client', async function () {
    this.timeout(60_000);
    await kubernetes();
  });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kube-api-'));
    access = { kubeconfig: join(folder, 'kubeconfig'), context: 'fake' };
    await serve((request, response) => answer(request, response));
    api = await KubeApi.open(access);
  });

  afterEach(async () => {
    api.close();
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
    await rm(folder, { recursive: true });
  });

  /** Starts a server and lets the kubeconfig name it. */
  async function serve(listener: Answer): Promise<void> {
    const server = http.createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const kubeconfig = {
      clusters: [
        { name: 'fake', cluster: { server: `http://127.0.0.1:${port}/base/`, 'insecure-skip-tls-verify': true } },
      ],
      users: [{ name: 'fake', user: { token: 'secret' } }],
      contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake' } }],
    };
    await writeFile(access.kubeconfig, JSON.stringify(kubeconfig));
  }

  it('sends path, query, credentials and headers', async () => {
    answer = ({ url, headers }, response) => {
      const { accept, authorization } = headers;
      response.end(
        JSON.stringify({ metadata: { resourceVersion: '7' }, items: [{ metadata: { url, accept, authorization } }] }),
      );
    };
    const list = await api.list('/api/v1/pods', { limit: 1, labelSelector: undefined }, undefined, { accept: 'x/y' });
    assert.deepEqual(list, {
      resourceVersion: '7',
      items: [{ metadata: { url: '/base/api/v1/pods?limit=1', accept: 'x/y', authorization: 'Bearer secret' } }],
    });
  });

  it('tells what the server said when it refuses', async () => {
    answer = (_request, response) => {
      response.statusCode = 404;
      response.end(JSON.stringify({ message: 'pods "a" not found', reason: 'NotFound' }));
    };
    await assert.rejects(api.get('/x'), (error) => {
      assert.ok(error instanceof KubeApiFailure);
      assert.deepEqual([error.status, error.reason, error.answer], [404, 'NotFound', 'pods "a" not found']);
      return true;
    });
    await api.delete('/x');
  });

  it('does not take for an answer what is none', async () => {
    answer = (_request, response) => response.end('<html>');
    await assert.rejects(api.get('/x'), { code: 'cluster-unreachable' });
    const { signal } = new AbortController();
    for (const body of ['null', '[]', '{"items":{}}', '{"items":[null]}', '{"items":[{}]}', '{"metadata":7}']) {
      answer = (_request, response) => response.end(body);
      await assert.rejects(api.list('/x'), { code: 'cluster-unreachable' }, body);
    }
    for (const line of ['null', '7', '{}', '{"type":"ADDED","object":null}', '{"type":"ADDED","object":{}}']) {
      answer = (_request, response) => response.end(`${line}\n`);
      await assert.rejects(
        api.watch('/x', {}, () => undefined, signal),
        { code: 'cluster-unreachable' },
        line,
      );
    }
  });

  it('takes `null` for an empty list, and what is no status for plain words', async () => {
    answer = (_request, response) => response.end('{"metadata":{},"items":null}');
    assert.deepEqual(await api.list('/x'), { items: [], resourceVersion: '' });
    answer = (_request, response) => {
      response.statusCode = 403;
      response.end('{"message":{}}');
    };
    await assert.rejects(api.get('/x'), { code: 'kubernetes-refused', answer: '{"message":{}}' });
  });

  it('hands on the events of a watch, however they are cut', async () => {
    const events = [
      { type: 'ADDED', object: { metadata: { name: 'ä' } } },
      { type: 'BOOKMARK', object: { metadata: {} } },
    ];
    answer = (request, response) => {
      assert.match(request.url ?? '', /watch=true/);
      const bytes = Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
      response.write(bytes.subarray(0, 36), () => setImmediate(() => response.end(bytes.subarray(36))));
    };
    const seen: WatchEvent[] = [];
    await api.watch('/x', {}, (event) => seen.push(event), new AbortController().signal);
    assert.deepEqual(seen, events);
  });

  it('gives a body as it comes and ends the request with the loop over it', async () => {
    const closed = new Promise((resolve) => {
      answer = (_request, response) => {
        response.once('close', resolve);
        response.write('first');
      };
    });
    for await (const chunk of await api.stream('/x')) {
      assert.equal(chunk.toString(), 'first');
      break;
    }
    await closed;
  });

  it('says that a body was cut, or that the request was cancelled', async () => {
    answer = (_request, response) => response.write('first', () => response.destroy());
    await assert.rejects(api.text('/x'), { code: 'cluster-unreachable' });
    const controller = new AbortController();
    answer = (_request, response) => response.write('first', () => controller.abort());
    await assert.rejects(api.text('/x', {}, controller.signal), Cancelled);
  });

  it('does not wait longer for an answer than told', async () => {
    answer = () => undefined;
    await assert.rejects(api.stream('/x', {}, { answerTimeoutMs: 20 }), { code: 'cluster-unreachable' });
  });

  it('asks again when a kept connection turns out to be closed', async () => {
    let count = 0;
    answer = (request, response) => {
      count++;
      if (count === 2) request.socket.resetAndDestroy();
      else response.end('"here"');
    };
    assert.equal(await api.get('/x'), 'here');
    assert.equal(await api.get('/x'), 'here');
    assert.equal(count, 3);
  });

  it('goes on at another address after the kubeconfig was read again, while open streams stay', async () => {
    let rest: http.ServerResponse | undefined;
    answer = (_request, response) => {
      response.write('old');
      rest = response;
    };
    const stream = await api.stream('/x');
    await serve((_request, response) => response.end('"new"'));
    await api.reload();
    assert.equal(await api.get('/x'), 'new');
    rest?.end();
    assert.equal((await stream.bytes(10)).toString(), 'old');
  });
});
