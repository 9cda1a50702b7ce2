import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Docker } from '../../../../src/tools';
import type { WantedPort } from '../../../../src/runtime';
import { judgeDns, registryHosts } from '../../../../src/run/doctor/dns';
import { listenersOn, parseListeners } from '../../../../src/run/doctor/listeners';
import { judgePorts } from '../../../../src/run/doctor/ports';
import { judgeProxies as judge, type Circumstances, type ProxyPlaces } from '../../../../src/run/doctor/proxy';

const PROXY = 'http://ada:geheim99@proxy.corp:3128';

describe('doctor: proxies', () => {
  const none: ProxyPlaces = { environment: {}, configuration: {}, engine: {}, node: undefined };
  const set = { http: PROXY, https: PROXY, no: 'localhost,127.0.0.1,.corp' };
  const forNodes = { http: PROXY, https: PROXY };
  const judgeProxies = (places: ProxyPlaces, more: Partial<Circumstances> = {}) =>
    judge(places, { forNodes: {}, onLoopback: [], unanswered: [], registry: 'k3d-x-registry', ...more });

  it('are none as a rule', () => {
    assert.deepEqual(judgeProxies(none), { state: 'ok', message: 'none' });
  });

  it('are told by host and port, never with credentials', () => {
    const everywhere = { environment: set, configuration: set, engine: set, node: { ...set, no: 'k3d-x-registry' } };
    assert.deepEqual(judgeProxies(everywhere, { forNodes }), {
      state: 'ok',
      message:
        'environment proxy.corp:3128, docker CLI proxy.corp:3128, engine proxy.corp:3128, cluster proxy.corp:3128',
      nextSteps: [],
    });
    for (const proxy of [
      'http://a:geheim99@x:1',
      'a:geheim99@x:1',
      'http://a:ge@heim/99@x:1',
      'socks5://a:geheim99@x:1/',
    ])
      assert.match(
        judgeProxies({ ...none, engine: { https: proxy } }).message,
        /^environment none, docker CLI none, engine x:1;/,
      );
  });

  it('are missed in the engine, which pulls', () => {
    const found = judgeProxies({ ...none, environment: set }, { forNodes });
    assert.equal(found.state, 'warning');
    assert.match(found.message, /the engine has no proxy/);
    assert.doesNotMatch(judgeProxies({ ...none, environment: set, engine: undefined }, { forNodes }).message, /engine/);
  });

  it('are missed where only the engine has one', () => {
    assert.match(judgeProxies({ ...none, engine: set }).message, /only the engine has a proxy/);
    assert.equal(judgeProxies({ ...none, engine: set, configuration: set }).state, 'ok');
  });

  it('must not be asked for localhost', () => {
    const exempting = (no: string | undefined) =>
      judgeProxies({ ...none, engine: set, environment: { ...set, no } }, { forNodes }).state;
    assert.equal(exempting(undefined), 'warning');
    assert.equal(exempting('.corp'), 'warning');
    for (const no of ['localhost', ' 127.0.0.1 ,.corp', '*', '127.0.0.0/8']) assert.equal(exempting(no), 'ok', no);
  });

  it('on loopback serve no container, and silent ones nobody', () => {
    const everywhere = { ...none, environment: set, engine: set };
    assert.match(
      judgeProxies(everywhere, { forNodes, onLoopback: ['HTTP_PROXY'] }).message,
      /loopback, which no container reaches: HTTP_PROXY/,
    );
    assert.match(
      judgeProxies(everywhere, { forNodes, unanswered: ['proxy.corp:3128: connect ECONNREFUSED'] }).message,
      /the proxy does not answer: proxy\.corp:3128: connect ECONNREFUSED/,
    );
  });

  it('of a cluster stay what they were when it was made', () => {
    const before = { ...none, environment: set, engine: set, node: { http: 'http://old.corp:1' } };
    assert.match(judgeProxies(before, { forNodes }).message, /the cluster was made with other proxies/);
    const now = { ...before, node: { ...set, no: 'localhost,k3d-x-registry' } };
    assert.equal(judgeProxies(now, { forNodes }).state, 'ok');
    assert.match(
      judgeProxies({ ...before, node: set }, { forNodes }).message,
      /looks for its own registry at the proxy/,
    );
  });
});

describe('doctor: names', () => {
  it('of registries are those that images come from', () => {
    const images = [
      'rancher/k3s:v1.34.3-k3s1',
      'registry:2',
      'ghcr.io/a/b:1',
      'localhost:5000/c',
      '10.0.0.1:5000/d',
      'r.corp:5000/e',
    ];
    assert.deepEqual(registryHosts(images), ['registry-1.docker.io', 'ghcr.io', 'r.corp']);
  });

  it('are found', () => {
    const found = judgeDns(['127.0.0.1', '::1'], [{ name: 'registry-1.docker.io' }, { name: 'ghcr.io' }]);
    assert.deepEqual(found, {
      state: 'ok',
      message: 'localhost is 127.0.0.1; registry-1.docker.io and ghcr.io found',
      nextSteps: [],
    });
    assert.match(judgeDns(['127.0.0.1'], undefined).message, /looked up by the proxy$/);
  });

  it('that are not found are told with the reason', () => {
    const found = judgeDns(['127.0.0.1'], [{ name: 'registry-1.docker.io', reason: 'ENOTFOUND' }, { name: 'ghcr.io' }]);
    assert.equal(found.state, 'warning');
    assert.match(found.message, /no address of registry-1\.docker\.io \(ENOTFOUND\); images that Docker does not have/);
    assert.match(judgeDns(['::1'], []).message, /localhost is ::1, but the runtime's ports are at 127\.0\.0\.1/);
  });
});

describe('doctor: ports', () => {
  const api: WantedPort = { port: 24106, use: 'api', state: 'held' };
  const registry: WantedPort = { port: 24107, use: 'registry', state: 'held' };
  const broker: WantedPort = { port: 31883, use: 'node-port', service: 'mqtt-broker', state: 'held' };
  const all = (state: WantedPort['state']) => [api, registry, broker].map((port) => ({ ...port, state }));

  it('are the runtime’s own, or free', () => {
    assert.equal(judgePorts(all('held'), false, new Map()).message, '24106, 24107, 31883 in use by the runtime');
    assert.equal(judgePorts(all('free'), true, new Map()).message, '24106, 24107, 31883 free');
  });

  it('that others hold are told with the holder, and what comes of it', () => {
    const holders = new Map([[31883, 'mosquitto (process 12)']]);
    const taken = [api, registry, { ...broker, state: 'taken' as const }].map((port) =>
      port.use === 'node-port' ? port : { ...port, state: 'free' as const },
    );
    const found = judgePorts(taken, true, holders);
    assert.equal(found.state, 'warning');
    assert.match(
      found.message,
      /^24106, 24107 free; port 31883 of localhost, for mqtt-broker, is held by mosquitto \(process 12\): the next free one/,
    );
    assert.match(found.nextSteps?.[0] ?? '', /^End mosquitto \(process 12\), or name another port of the service/);
    assert.match(
      judgePorts(taken, false, new Map()).message,
      /held by another program: the next start makes a new cluster/,
    );
  });

  it('that nobody knows by heart may move, unless a cluster is made for them', () => {
    assert.equal(
      judgePorts(
        [
          { ...api, state: 'taken' },
          { ...registry, state: 'taken' },
        ],
        true,
        new Map(),
      ).state,
      'ok',
    );
    assert.equal(judgePorts([{ ...registry, state: 'taken' }], false, new Map()).state, 'ok');
    assert.match(judgePorts([{ ...api, state: 'taken' }], false, new Map()).message, /for the Kubernetes API/);
  });

  it('are read from the kernel’s table where somebody listens', () => {
    const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:775B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3174306 1 00000000ed2b2580 100 0 0 10 0
   1: 0100007F:7C8B 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 3174286 1 00000000e459c88a 100 0 0 10 0
`;
    assert.deepEqual(parseListeners(table), [{ port: 30555, inode: '3174306' }]);
  });

  it('are held by a container, or by a program of this machine', async function () {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const containers = [{ Names: ['/other'], Ports: [{ PublicPort: 31883 }] }];
    const docker = { listContainers: () => Promise.resolve(containers) } as unknown as Docker;
    try {
      const listeners = await listenersOn([port, 31883], docker);
      assert.equal(listeners.get(31883), 'the container other');
      if (process.platform === 'linux')
        assert.match(listeners.get(port) ?? '', new RegExp(`\\(process ${process.pid}\\)$`));
    } finally {
      server.close();
    }
  });
});
