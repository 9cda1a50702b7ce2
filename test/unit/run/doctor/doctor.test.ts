import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { doctor, Session, type DoctorReport } from '../../../../src/run';
import { lookAtEngine } from '../../../../src/run/doctor/engine';
import { Facts } from '../../../../src/run/doctor/facts';
import { lookAtK3d } from '../../../../src/run/doctor/tools';
import { ok } from '../../../../src/run/doctor/check';

const TITLES = [
  ...['docker', 'buildx', 'k3d', 'helm', 'kubectl', 'node image', 'disk', 'memory', 'cgroups', 'kernel', 'clock'],
  ...['proxy', 'dns', 'ports', 'repository', 'runtime', 'cluster', 'cluster dns', 'registry'],
];

describe('doctor', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vapp-doctor-'));
    await writeFile(join(folder, '.velocitas.json'), '{"packages":{},"variables":{}}');
    await mkdir(join(folder, 'app'));
    await writeFile(join(folder, 'app', 'AppManifest.json'), '{"manifestVersion":"v3","name":"Seat","interfaces":[]}');
    await writeFile(join(folder, 'runtime.json'), '[]');
    await mkdir(join(folder, 'bin'));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  const sessionWith = (env: NodeJS.ProcessEnv) =>
    Session.open({
      directory: folder,
      env: {
        PATH: join(folder, 'bin'),
        HOME: folder,
        DOCKER_CONFIG: folder,
        HTTPS_PROXY: 'http://127.0.0.1:9',
        ...env,
      },
      chartsDirectory: folder,
      dataDirectory: join(folder, 'data'),
    });

  it('looks at everything else where there is no engine, always in the same order', async () => {
    const session = await sessionWith({ DOCKER_HOST: `unix://${join(folder, 'nobody.sock')}` });
    const outcome = await doctor(session);
    assert.equal(outcome.status, 'done');
    const { checks } = outcome.value;
    assert.deepEqual(
      checks.map(({ title }) => title),
      TITLES,
    );
    const stateOf = (title: string) => checks.find((each) => each.title === title)?.state;
    for (const title of ['docker', 'k3d', 'helm', 'kubectl']) assert.equal(stateOf(title), 'error', title);
    for (const title of ['memory', 'cgroups', 'kernel', 'ports', 'runtime', 'cluster', 'cluster dns', 'registry'])
      assert.equal(stateOf(title), 'skipped', title);
    assert.match(checks.find(({ title }) => title === 'helm')?.nextSteps[0] ?? '', /^Install Helm/);
  });

  it('tells no password of a proxy, wherever it is set', async () => {
    const proxy = { httpProxy: 'http://ada:config99@127.0.0.1:9', httpsProxy: 'bob:config98@127.0.0.1:9' };
    await writeFile(join(folder, 'config.json'), JSON.stringify({ proxies: { default: proxy } }));
    const session = await sessionWith({
      DOCKER_HOST: `unix://${join(folder, 'nobody.sock')}`,
      http_proxy: 'http://ada:p%23ss@word@127.0.0.1:9',
      HTTPS_PROXY: 'http://eve:geheim99@not an address',
    });
    const { checks } = ((await doctor(session)) as { value: DoctorReport }).value;
    const { message } = checks.find(({ title }) => title === 'proxy')!;
    assert.match(message, /^environment 127\.0\.0\.1:9 and not an address, docker CLI 127\.0\.0\.1:9; /);
    assert.match(message, /the proxy does not answer: 127\.0\.0\.1:9: connect ECONNREFUSED/);
    assert.doesNotMatch(JSON.stringify(checks), /config99|config98|ss@word|%23ss|geheim99/);
  });

  describe('with an engine that takes connections and says nothing', () => {
    let server: Server;
    let session: Session;
    const sockets = new Set<Socket>();

    beforeEach(async () => {
      const path = join(folder, 'silent.sock');
      server = createServer((socket) => {
        sockets.add(socket);
        // Read, or its end would not be seen.
        socket.on('error', () => undefined).resume();
        socket.once('close', () => sockets.delete(socket));
      }).listen(path);
      await once(server, 'listening');
      session = await sessionWith({ DOCKER_HOST: `unix://${path}` });
    });

    afterEach(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });

    it('says how long it has waited, and waits once', async () => {
      const facts = new Facts(session, undefined, 50);
      const found = await lookAtEngine(facts);
      assert.equal(found.state, 'error');
      assert.equal(found.message, 'The Docker engine takes connections, but gives no answer within 0.05 s.');
      assert.match(found.nextSteps?.[0] ?? '', /^Restart Docker/);
      const other = await facts.withEngine(() => ok('never'));
      assert.deepEqual(other, { state: 'skipped', message: 'not known: Docker cannot be asked' });
      assert.equal((await facts.withCluster(() => Promise.resolve(ok('never')))).state, 'skipped');
      // Its connection is closed, so that the process can end.
      await Promise.all([...sockets].map((socket) => once(socket, 'close')));
    });

    it('does not start what would wait for it, too', async () => {
      await writeFile(join(folder, 'bin', 'k3d'), '#!/bin/sh\nsleep 60\n');
      await chmod(join(folder, 'bin', 'k3d'), 0o755);
      assert.equal((await lookAtK3d(new Facts(session, undefined, 50))).state, 'skipped');
    });

    it('is cancelled at once', async () => {
      const stop = new AbortController();
      const looking = doctor(session, stop.signal);
      setTimeout(() => stop.abort(), 100);
      assert.deepEqual(await looking, { status: 'cancelled' });
    });
  });
});
