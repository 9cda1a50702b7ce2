import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Cancelled, Failure, sleep } from '../../src/base';
import type { Service } from '../../src/project';
import { LABEL, type RegistryAddress } from '../../src/runtime';
import { KubeApi, Toolbox, dockerClient, releaseHistory } from '../../src/tools';
import { objectsOf } from './support/engine';
import { FOREIGN_KUBECONFIG, PROXY, RuntimeBench, SERVICES_CHART, repositoriesIn } from './support/local-runtime';
import type { StartRequest } from './support/start-runtime';

const broker: Service = {
  id: 'mqtt-broker',
  enabled: true,
  image: 'eclipse-mosquitto:2.0',
  args: ['mosquitto', '-c', '/mosquitto-no-auth.conf'],
  env: {},
  ports: [{ container: 1883, node: 31_883 }],
  mounts: [],
  interfaces: ['pubsub'],
};

describe('the local runtime', function () {
  this.timeout('5m');
  let bench: RuntimeBench;
  before(async () => (bench = await RuntimeBench.create()));
  after(() => bench.dispose());

  const left = () => objectsOf(bench.docker, bench.runtime().cluster);
  const fails = (code: string) => (error: unknown) => {
    assert.ok(error instanceof Failure, String(error));
    assert.equal(error.code, code, error.summary);
    assert.equal(error.fault, 'environment');
    return true;
  };

  describe('on an engine that is not there', () => {
    it('is unknown, and neither starts, stops nor deletes', async () => {
      const toolbox = new Toolbox({ ...bench.toolbox.env, DOCKER_HOST: `unix://${bench.base}/no.sock` });
      const runtime = bench.runtime({ toolbox, docker: await dockerClient(toolbox) });
      const status = await runtime.status();
      assert.equal(status.state, 'unknown');
      assert.equal(status.failure?.code, 'docker-not-running');
      await assert.rejects(runtime.up(bench.recorded()), fails('docker-not-running'));
      await assert.rejects(runtime.stop(), fails('docker-not-running'));
      await assert.rejects(runtime.delete(), fails('docker-not-running'));
    });
  });

  describe('with a node image that nobody has', () => {
    it('names the image and where it was named, and leaves nothing', async () => {
      const at = { line: 3, column: 13 };
      const range = { file: join(bench.workspace, 'vapp.yaml'), start: at, end: at };
      const k3sImage = { value: 'localhost:9/nobody/has-this:v1', range };
      await assert.rejects(bench.runtime({ settings: { k3sImage } }).up(bench.recorded()), (error) => {
        fails('image-unavailable')(error);
        assert.ok(error instanceof Failure);
        assert.match(error.summary, /nobody\/has-this:v1/);
        assert.deepEqual(error.range, range);
        return true;
      });
      assert.deepEqual(await left(), []);
    });
  });

  describe('where the name is somebody else’s', () => {
    it('touches nothing and says what to do', async () => {
      const { cluster } = bench.runtime();
      const container = await bench.docker.createContainer({
        name: `k3d-${cluster}-server-0`,
        Image: 'busybox',
        Labels: { app: 'k3d', 'k3d.cluster': cluster, 'k3d.role': 'server' },
      });
      try {
        assert.equal((await bench.runtime().status()).state, 'unknown');
        await assert.rejects(bench.runtime().up(bench.recorded()), fails('runtime-name-taken'));
        await assert.rejects(bench.runtime().stop(), fails('runtime-name-taken'));
        await assert.rejects(bench.runtime().delete(), fails('runtime-name-taken'));
        assert.deepEqual(await left(), [`container k3d-${cluster}-server-0`]);
      } finally {
        await container.remove({ v: true });
      }
    });
  });

  describe('when cancelled while it is made', () => {
    for (const stage of ['network', 'registry', 'server'] as const) {
      it(`leaves nothing: once the ${stage} is there`, async () => {
        const cancel = new AbortController();
        const recorded = bench.recorded({ signal: cancel.signal });
        const up = bench.runtime().up(recorded);
        up.catch(() => undefined);
        while (!(await left()).some((name) => name.includes(stage === 'network' ? 'network' : stage))) await sleep(20);
        cancel.abort();
        await assert.rejects(up, Cancelled);
        assert.deepEqual(recorded.warnings(), []);
        assert.deepEqual(await left(), []);
        assert.deepEqual(await readdir(bench.dataDirectory), []);
        assert.equal((await bench.runtime().status()).state, 'absent');
      });
    }
  });

  describe('whose maker was killed', () => {
    it('is made anew, with nothing of the first attempt', async () => {
      const { workspace, dataDirectory } = bench;
      const killed = await startAndKill({ workspace, dataDirectory, servicesChart: SERVICES_CHART });
      assert.ok(killed.some((name) => name.includes('server-0')));
      assert.equal((await bench.runtime().status()).state, 'absent');

      const recorded = bench.recorded();
      await bench.runtime().up(recorded);
      const messages = recorded.events.flatMap((event) => (event.type === 'progress' ? [event.message] : []));
      assert.ok(messages.includes('Removing what an interrupted start left behind'), messages.join('\n'));
      assert.equal((await bench.runtime().status()).state, 'running');
      await bench.runtime().delete();
      assert.deepEqual(await left(), []);
    });
  });

  describe('in its life', () => {
    const services = [broker];
    const window = () => bench.runtime({ services });
    let registry: RegistryAddress;

    it('is made once when two windows start it at the same time', async () => {
      const order: string[] = [];
      const [first, second] = [bench.recorded({ onRegistry: () => order.push('registry') }), bench.recorded()];
      const [one, other] = await Promise.all([
        window()
          .up(first)
          .then((started) => {
            order.push('up');
            return started;
          }),
        window().up(second),
      ]);
      assert.deepEqual(order, ['registry', 'up']);
      assert.deepEqual(one.access, other.access);
      assert.deepEqual(one.registry, other.registry);
      const waited = [...first.events, ...second.events].filter(
        (event) => event.type === 'progress' && event.message.startsWith('Another vapp'),
      );
      assert.equal(waited.length, 1);
      await Promise.all([one.servicesReady, other.servicesReady]);
      registry = one.registry;
    });

    it('has labels, loopback ports and a private kubeconfig, and the user’s own is as it was', async () => {
      const status = await window().status();
      assert.equal(status.state, 'running');
      assert.deepEqual(
        status.nodes.map(({ role, state }) => [role, state]),
        [['server', 'running']],
      );
      const containers = await bench.docker.listContainers({
        filters: { label: [`${LABEL.workspace}=${bench.workspace}`] },
      });
      assert.equal(containers.length, 2);
      const addresses = containers.flatMap(({ Ports }) => Ports.map(({ IP }) => IP)).filter(Boolean);
      assert.deepEqual(new Set(addresses), new Set(['127.0.0.1']));
      assert.equal((await stat(status.access!.kubeconfig)).mode & 0o777, 0o600);
      assert.equal(await readFile(join(bench.base, '.kube', 'config'), 'utf8'), FOREIGN_KUBECONFIG);
      assert.deepEqual(
        await readdir(join(bench.dataDirectory, status.cluster)),
        ['cache', 'kubeconfig.yaml'].filter((name) => existsSync(join(bench.dataDirectory, status.cluster, name))),
      );
    });

    it('hands the user’s proxy to its nodes, credentials and all, and keeps no copy', async () => {
      const { cluster } = await window().status();
      const { Config } = await bench.docker.getContainer(`k3d-${cluster}-server-0`).inspect();
      for (const name of ['HTTP_PROXY', 'HTTPS_PROXY'])
        assert.ok(Config.Env.includes(`${name}=${PROXY}`), Config.Env.join('\n'));
      assert.ok(Config.Env.some((entry) => entry.startsWith('NO_PROXY=') && entry.includes(`k3d-${cluster}-registry`)));
      const files = (await readdir(bench.dataDirectory, { recursive: true, withFileTypes: true })).filter((file) =>
        file.isFile(),
      );
      for (const file of files) {
        assert.ok(!(await readFile(join(file.parentPath, file.name), 'utf8')).includes('proxy.invalid'), file.name);
      }
    });

    it('has its services at localhost', async () => {
      const endpoint = (await window().status()).services[0];
      assert.equal(endpoint?.cluster, 'mqtt-broker:1883');
      assert.deepEqual(await mqttConnect(Number(endpoint.local?.split(':')[1])), Buffer.from([0x20, 2, 0, 0]));
    });

    it('is found running the next time, with its services untouched', async () => {
      const before = await revisions();
      const recorded = bench.recorded();
      await (
        await window().up(recorded)
      ).servicesReady;
      assert.deepEqual(await revisions(), before);
      assert.deepEqual(recorded.warnings(), []);
    });

    it('deploys its services anew when one changes', async () => {
      const before = await revisions();
      const changed = { ...broker, env: { TZ: 'UTC' } };
      await (
        await bench.runtime({ services: [changed] }).up(bench.recorded())
      ).servicesReady;
      assert.equal((await revisions()).length, before.length + 1);
    });

    it('tells why a service cannot run, and runs itself', async () => {
      const broken = { ...broker, args: ['sh', '-c', 'echo no license; exit 7'] };
      const started = await bench.runtime({ services: [broken] }).up(bench.recorded());
      await assert.rejects(started.servicesReady, (error) => {
        assert.ok(error instanceof Failure);
        assert.equal(error.code, 'service-not-ready');
        assert.match(error.summary, /mqtt-broker .*exit code 7/);
        assert.ok(error.evidence.includes('no license'), error.evidence.join('\n'));
        return true;
      });
      assert.equal((await window().status()).state, 'running');
      await (
        await window().up(bench.recorded())
      ).servicesReady;
    });

    it('repairs a release of its services that a killed Helm left pending', async () => {
      const { access } = await window().status();
      const { kubeconfig, context } = access!;
      const [newest] = (await revisions()).slice(-1);
      await bench.toolbox.run('kubectl', [
        ...['--kubeconfig', kubeconfig, '--context', context, 'label', '--overwrite', 'secret'],
        ...[`sh.helm.release.v1.runtime-services.v${newest}`, 'status=pending-upgrade'],
      ]);
      await (
        await window().up(bench.recorded())
      ).servicesReady;
      assert.equal((await history())[0]?.status, 'deployed');
    });

    it('stops, and a cancelled resumption leaves it stopped', async () => {
      await window().stop();
      assert.equal((await window().status()).state, 'stopped');
      const cancel = new AbortController();
      const up = window().up(bench.recorded({ signal: cancel.signal, onRegistry: () => cancel.abort() }));
      await assert.rejects(up, Cancelled);
      assert.equal((await window().status()).state, 'stopped');
      assert.ok(
        (await bench.docker.listContainers()).every(({ Labels }) => Labels[LABEL.workspace] !== bench.workspace),
      );
    });

    it('resumes with the same ports, images and services', async () => {
      const recorded = bench.recorded();
      const started = await window().up(recorded);
      await started.servicesReady;
      assert.deepEqual(started.registry, registry);
      assert.deepEqual(recorded.warnings(), []);
      assert.deepEqual(await repositoriesIn(registry), ['eclipse-mosquitto']);
    });

    it('moves its registry, images kept, when another program took its port meanwhile', async () => {
      await window().stop();
      await bench.occupy(Number(registry.push.split(':')[1]));
      const recorded = bench.recorded();
      const started = await window().up(recorded);
      await started.servicesReady;
      assert.notEqual(started.registry.push, registry.push);
      assert.equal(started.registry.pull, registry.pull);
      assert.match(recorded.warnings().join('\n'), /the registry moves to/);
      assert.deepEqual(await repositoriesIn(started.registry), ['eclipse-mosquitto']);
    });

    it('is made anew on other ports, images kept, when another program took a service’s port meanwhile', async () => {
      const before = (await window().status()).services[0]?.local;
      await window().stop();
      await bench.occupy(Number(before?.split(':')[1]));
      const recorded = bench.recorded();
      const started = await window().up(recorded);
      await started.servicesReady;
      const local = started.services[0]?.local;
      assert.notEqual(local, before);
      assert.match(recorded.warnings().join('\n'), /Another program took port \d+ of localhost/);
      assert.deepEqual(await mqttConnect(Number(local?.split(':')[1])), Buffer.from([0x20, 2, 0, 0]));
    });

    it('is made anew when its settings change', async () => {
      const recorded = bench.recorded();
      const changed = bench.runtime({ services, settings: { agents: 1 } });
      await (
        await changed.up(recorded)
      ).servicesReady;
      assert.match(recorded.warnings().join('\n'), /settings of the runtime have changed/);
      assert.deepEqual((await changed.status()).nodes.map(({ role, state }) => `${role} ${state}`).sort(), [
        'agent running',
        'server running',
      ]);
    });

    it('goes without a trace', async () => {
      await window().delete();
      assert.deepEqual(await left(), []);
      assert.deepEqual(await readdir(bench.dataDirectory), []);
      assert.equal((await window().status()).state, 'absent');
      assert.equal(await readFile(join(bench.base, '.kube', 'config'), 'utf8'), FOREIGN_KUBECONFIG);
      await window().delete();
    });

    async function history() {
      const { access } = await window().status();
      const api = await KubeApi.open(access!);
      try {
        return await releaseHistory(api, 'runtime-services', 'default');
      } finally {
        api.close();
      }
    }

    async function revisions(): Promise<number[]> {
      return (await history()).map(({ revision }) => revision).reverse();
    }
  });

  /** Kills a start (and not the k3d that it started) in the middle; answers what it has left. */
  async function startAndKill(request: StartRequest): Promise<string[]> {
    const script = join(__dirname, 'support', 'start-runtime.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(request)], {
      env: bench.toolbox.env,
      stdio: 'inherit',
    });
    const ended = once(child, 'exit');
    while (!(await left()).some((name) => name.includes('server-0'))) {
      assert.equal(child.exitCode, null, 'the start ended before it could be killed');
      await sleep(50);
    }
    child.kill('SIGKILL');
    await ended;
    return left();
  }
});

/**
 * Sends an MQTT CONNECT and answers the broker's first packet, once it takes connections: the rules of a node's port
 * follow its ready pods a moment later, and until then Docker's proxy resets whoever connects.
 */
async function mqttConnect(port: number): Promise<Buffer> {
  for (;;) {
    try {
      return await mqttConnectOnce(port);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
      await sleep(200);
    }
  }
}

async function mqttConnectOnce(port: number): Promise<Buffer> {
  const packet = Buffer.from([0x10, 16, 0, 4, ...Buffer.from('MQTT'), 4, 2, 0, 60, 0, 4, ...Buffer.from('test')]);
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.write(packet);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    return answer;
  } finally {
    socket.destroy();
  }
}
