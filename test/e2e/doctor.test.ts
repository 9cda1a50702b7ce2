import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { sleep } from '../../src/base';
import type { DoctorCheck, DoctorReport, WorkspaceStatus } from '../../src/run';
import { Toolbox, dockerClient, runCommand, type Docker } from '../../src/tools';
import { lightApp } from './support/light-app';
import { SilentEngine } from './support/silent-engine';
import { TestWorkspace, assertDone, type VappOptions } from './support/workspace';

const cli = join(__dirname, '..', '..', 'dist', 'cli.js');

/** What depends on the machine that runs the tests: whether images are stand-ins, and it has internet and room. */
const OF_THE_MACHINE = ['buildx', 'node image', 'disk', 'dns'];
const OF_THE_CLUSTER = ['cluster', 'cluster dns', 'registry'];
const WITHOUT_PROXY = Object.fromEntries(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'].map((name) => [name, undefined]),
);
const PASSWORD = 'p%23ssw0rd';

describe('vapp doctor', function () {
  this.timeout('5m');
  let workspace: TestWorkspace;
  let docker: Docker;
  let cluster: string;

  before(async () => {
    workspace = await TestWorkspace.create('Diagnose mit Leerzeichen');
    await workspace.write({ ...lightApp(), 'runtime.json': '[{ "id": "mqtt-broker" }]' });
    docker = await dockerClient(new Toolbox(workspace.environment()));
  });

  after(() => workspace.dispose());

  async function doctor({ env, ...options }: VappOptions = {}) {
    const result = await workspace.vapp(['doctor'], { ...options, env: { ...WITHOUT_PROXY, ...env } });
    assert.equal(result.outcome.status, 'done', JSON.stringify(result.outcome));
    const { checks } = result.outcome.value as DoctorReport;
    const of = (title: string): DoctorCheck => {
      const found = checks.find((check) => check.title === title);
      assert.ok(found, title);
      return found;
    };
    const inState = (state: DoctorCheck['state']) => checks.filter((check) => check.state === state);
    return { ...result, checks, of, inState };
  }

  /** One that has just been started takes no connections yet, which is another finding. */
  const registryAnswers = async () => {
    const port = (await registry().inspect()).NetworkSettings.Ports['5000/tcp']?.[0]?.HostPort;
    for (;;) {
      const answer = await fetch(`http://localhost:${port}/v2/`).catch(() => undefined);
      if (answer?.ok) return;
      await sleep(100);
    }
  };

  const kubectl = async (...args: string[]) => {
    const { access } = ((await workspace.vapp(['status'])).outcome.value as WorkspaceStatus).runtime;
    assert.ok(access);
    const named = ['--kubeconfig', access.kubeconfig, '--context', access.context, '--namespace', 'kube-system'];
    await new Toolbox(workspace.environment()).run('kubectl', [...named, ...args]);
  };
  const registry = () => docker.getContainer(`k3d-${cluster}-registry`);

  describe('before there is a runtime', () => {
    it('finds no fault with that, and names who holds a port that will be wished for', async () => {
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      const { port } = other.address() as { port: number };
      try {
        await workspace.write({ 'vapp.yaml': `runtime:\n  ports: [{ host: ${port}, node: 30080 }]\n` });
        const { exitCode, of, inState } = await doctor();
        assert.equal(exitCode, 0);
        assert.deepEqual(inState('error'), []);
        assert.deepEqual(
          inState('skipped').map(({ title }) => title),
          OF_THE_CLUSTER,
        );
        const { state, message, nextSteps } = of('ports');
        assert.equal(state, 'warning');
        assert.match(
          message,
          new RegExp(`port ${port} of localhost, for vapp\\.yaml, is held by .+: the next free one`),
        );
        if (process.platform === 'linux') assert.match(message, new RegExp(`\\(process ${process.pid}\\)`));
        assert.match(nextSteps.join('\n'), /or name another port in vapp\.yaml/);
      } finally {
        other.close();
        await workspace.remove('vapp.yaml');
      }
    });

    it('waits no longer than it must for an engine that does not answer', async () => {
      const engine = new SilentEngine(join(workspace.home, 'silent.sock'));
      await engine.listen();
      try {
        const { exitCode, of, inState } = await doctor({ env: { DOCKER_HOST: `unix://${engine.path}` } });
        assert.equal(exitCode, 3);
        assert.match(of('docker').message, /takes connections, but gives no answer within 10 s/);
        assert.deepEqual(
          inState('error').map(({ title }) => title),
          ['docker'],
        );
        assert.equal(of('helm').state, 'ok');
      } finally {
        await engine.close();
      }
    });
  });

  describe('with a runtime', () => {
    before(async () => {
      assertDone(await workspace.vapp(['up'], { env: WITHOUT_PROXY }));
      cluster = ((await workspace.vapp(['status'])).outcome.value as WorkspaceStatus).runtime.cluster;
    });

    it('finds all well, from the machine to the registry behind the nodes', async () => {
      const { exitCode, checks, of } = await doctor();
      assert.equal(exitCode, 0);
      const wrong = checks.filter(({ title, state }) => state !== 'ok' && !OF_THE_MACHINE.includes(title));
      assert.deepEqual(wrong, []);
      assert.match(of('cluster').message, /^1 of 1 node ready/);
      assert.match(of('cluster dns').message, /^kubernetes, mqtt-broker found at [\d.]+$/);
      assert.match(
        of('registry').message,
        /localhost:\d+ answers; \S+-server-0 reaches it as registry\.vapp\.internal:5000$/,
      );
      assert.match(of('ports').message, /in use by the runtime$/);
    });

    it('says the same to a person', async () => {
      const env = new Toolbox(workspace.environment(WITHOUT_PROXY)).processEnv();
      const command = { program: process.execPath, args: [cli, 'doctor'], cwd: workspace.path, env };
      const { stdout } = await runCommand(command);
      assert.match(stdout, /^✓ docker {7}engine \S+, storage \S+$/m);
      assert.match(stdout, /^✓ cluster dns {2}kubernetes, mqtt-broker found at /m);
    });

    it('tells a proxy that nobody answers at, and never its password', async () => {
      const proxy = `http://ada:${PASSWORD}@127.0.0.1:9`;
      const result = await doctor({ env: { HTTP_PROXY: proxy, https_proxy: proxy, NO_PROXY: '.corp' } });
      const { state, message } = result.of('proxy');
      assert.equal(state, 'warning');
      assert.match(
        message,
        /^environment 127\.0\.0\.1:9, .*the proxy does not answer: 127\.0\.0\.1:9: connect ECONNREFUSED/,
      );
      assert.match(message, /the engine has no proxy, .*NO_PROXY does not name localhost/);
      const told = JSON.stringify(result.events) + result.stderr;
      assert.ok(!told.includes(PASSWORD) && !told.includes(decodeURIComponent(PASSWORD)), 'a password was told');
      // What is inside is asked without it.
      for (const title of OF_THE_CLUSTER) assert.equal(result.of(title).state, 'ok', title);
    });

    it('finds the registry down, from this machine and from the cluster', async () => {
      await registry().stop();
      try {
        const { exitCode, of } = await doctor();
        assert.equal(exitCode, 3);
        const { state, message, nextSteps } = of('registry');
        assert.equal(state, 'error');
        assert.match(message, /-registry is exited; not reachable from this machine at localhost:\d+ \(.*ECONNREFUSED/);
        assert.match(
          message,
          /; not reachable from \S+-server-0 as registry\.vapp\.internal:5000 at \S+-registry:5000 \(/,
        );
        assert.deepEqual(nextSteps, ['Start it: `vapp up`.']);
        assert.equal(of('cluster').state, 'ok');
      } finally {
        await registry().start();
        await registryAnswers();
      }
    });

    it('finds the registry silent, and leaves nobody behind who waits for it', async () => {
      await registry().pause();
      try {
        const { of } = await doctor();
        assert.match(
          of('registry').message,
          /-registry is paused; .*\(no answer within 5 s\); .*-registry:5000 \(no answer\)$/,
        );
        const { Processes } = (await docker.getContainer(`k3d-${cluster}-server-0`).top()) as { Processes: string[][] };
        const asking = Processes.filter((columns) => columns.join(' ').includes('vapp-doctor'));
        assert.deepEqual(asking, []);
      } finally {
        await registry().unpause();
      }
    });

    it('finds that no name is found in the cluster', async () => {
      await kubectl('scale', 'deployment', 'coredns', '--replicas', '0');
      await kubectl('wait', '--for=delete', 'pod', '--selector', 'k8s-app=kube-dns', '--timeout=60s');
      const { exitCode, of } = await doctor();
      assert.equal(exitCode, 3);
      const { state, message, nextSteps } = of('cluster dns');
      assert.equal(state, 'error');
      assert.match(message, /^no pod of CoreDNS is ready, so pods find no name: kubernetes/);
      assert.match(nextSteps.join('\n'), /scale deployment coredns --replicas 1/);
      assert.equal(of('registry').state, 'ok');
    });
  });
});
