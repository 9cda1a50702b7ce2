import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { WorkspaceStatus } from '../../src/run';
import { objectsOf } from './support/engine';
import { lightApp, saying } from './support/light-app';
import { VappContainer } from './support/vapp-container';
import { TestWorkspace, assertFailed } from './support/workspace';

const NAME = 'Draußen vor der Tür';

describe('in a container of the engine', function () {
  this.timeout('5m');
  let source: string;
  let container: VappContainer;
  let rebuilt: VappContainer | undefined;
  let cluster: string;

  before(async () => {
    source = await realpath(await mkdtemp(join(tmpdir(), 'vapp-outside-')));
    const files = {
      ...lightApp({ script: saying('hello from outside') }),
      'runtime.json': '[{ "id": "mqtt-broker" }]',
    };
    for (const [file, content] of Object.entries(files)) {
      await mkdir(dirname(join(source, file)), { recursive: true });
      await writeFile(join(source, file), content);
    }
    container = await VappContainer.start(source, NAME);
  });

  after(async () => {
    await (rebuilt ?? container).vapp(['delete']);
    await rebuilt?.dispose();
    await container.dispose();
    await rm(source, { recursive: true });
  });

  const status = async (where: VappContainer) => {
    const { stdout } = await where.vapp(['--output', 'json', 'status']);
    const outcome = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { status: string; value: WorkspaceStatus };
    assert.equal(outcome.status, 'done');
    return outcome.value;
  };

  it('runs the app, on a runtime beside the container', async () => {
    const { stdout } = await container.vapp(['run', '--no-follow']);
    assert.match(stdout, /^hello from outside$/m);
    cluster = (await status(container)).runtime.cluster;
    assert.ok((await objectsOf(container.docker, cluster)).includes(`container k3d-${cluster}-server-0`));
  });

  it('is another workspace than a folder of the same name in another container', async () => {
    const other = await realpath(await mkdtemp(join(tmpdir(), 'vapp-other-')));
    await writeFile(join(other, 'vapp.yaml'), '');
    const neighbour = await VappContainer.start(other, NAME);
    try {
      const { runtime } = await status(neighbour);
      assert.equal(runtime.state, 'absent');
      assert.notEqual(runtime.cluster, cluster);
    } finally {
      await neighbour.dispose();
      await rm(other, { recursive: true });
    }
  });

  it('tells addresses that are right in the container', async () => {
    const { runtime, services, apps } = await status(container);
    assert.equal(runtime.state, 'running');
    assert.equal(apps[0]?.release?.status, 'deployed');
    const [host, port] = services[0]?.local?.split(':') ?? [];
    assert.equal(host, `k3d-${cluster}-server-0`);
    const connect = `import socket; socket.create_connection((${JSON.stringify(host)}, ${port}), 10)`;
    await container.exec(['python3', '-c', connect]);
    const kubeconfig = runtime.access?.kubeconfig ?? '';
    const { stdout } = await container.exec(['kubectl', '--kubeconfig', kubeconfig, 'get', 'nodes', '-o', 'name']);
    assert.equal(stdout.trim(), `node/k3d-${cluster}-server-0`);
  });

  it('goes on after the container was started anew', async () => {
    await container.stop();
    await container.start();
    assert.match((await container.vapp(['logs', '--no-follow'])).stdout, /^hello from outside$/m);
  });

  it('resumes a stopped runtime', async () => {
    await container.vapp(['stop']);
    assert.equal((await status(container)).runtime.state, 'stopped');
    await container.vapp(['up']);
    assert.equal((await status(container)).runtime.state, 'running');
  });

  it('finds its runtime again in a container made anew', async () => {
    await container.stop();
    rebuilt = await VappContainer.start(source, NAME);
    const early = await rebuilt.vapp(['logs', '--no-follow'], [3]);
    assert.match(early.stderr, /runs, but how to reach its Kubernetes is not known here/);
    await rebuilt.vapp(['up']);
    assert.match((await rebuilt.vapp(['logs', '--no-follow'])).stdout, /^hello from outside$/m);
  });

  it('deletes everything, and harms no container that used it', async () => {
    await rebuilt?.vapp(['delete']);
    assert.deepEqual(await objectsOf(container.docker, cluster), []);
    await container.start();
    assert.equal((await status(container)).runtime.state, 'absent');
  });
});

describe('an engine on another machine', () => {
  it('is refused in one sentence, before anything is made', async () => {
    const workspace = await TestWorkspace.create('fern');
    try {
      await workspace.write(lightApp());
      // Reserved for documentation (RFC 5737): nobody answers there.
      const up = await workspace.vapp(['up'], { env: { DOCKER_HOST: 'tcp://192.0.2.7:2375' } });
      const failure = assertFailed(up, 'docker-host-remote', 3);
      assert.match(failure.summary, /192\.0\.2\.7/);
    } finally {
      await workspace.dispose();
    }
  });
});
