import assert from 'node:assert/strict';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkspaceStatus } from '../../src/run';
import { Toolbox, dockerClient } from '../../src/tools';
import { objectsOf } from './support/engine';
import { DOCKERFILE, lightApp, saying } from './support/light-app';
import { SocketProxy } from './support/socket-proxy';
import { TestWorkspace, assertDone, assertFailed, type JsonEvent } from './support/workspace';

describe('wrong input', function () {
  this.timeout('10m');
  let workspace: TestWorkspace;

  before(async () => {
    workspace = await TestWorkspace.create('Prüfung mit Leerzeichen');
    await workspace.write(lightApp());
    assertDone(await workspace.vapp(['run', '--no-follow']));
  });

  afterEach(async () => {
    await workspace.remove('vapp.yaml', 'deploy');
    await workspace.write(lightApp());
  });

  after(async () => {
    await workspace.dispose();
  });

  const status = async () => (await workspace.vapp(['status'])).outcome.value as WorkspaceStatus;

  /** The state after a failure is usable: the app of before serves, and running it again works. */
  async function assertUsable(): Promise<void> {
    const pods = (await status()).apps[0]?.release?.pods ?? [];
    assert.ok(
      pods.some((pod) => pod.containers.every((container) => container.ready)),
      `no ready pod: ${JSON.stringify(pods)}`,
    );
    await workspace.write(lightApp({ script: saying(`after ${Date.now()}`) }));
    assertDone(await workspace.vapp(['run', '--no-follow']));
  }

  describe('of files', () => {
    const cases = [
      { file: '.velocitas.json', content: '{\n  "packages": {,\n}\n', line: 2 },
      { file: 'app/AppManifest.json', content: '{\n  "manifestVersion": "v3",\n  "name": 7\n}\n', line: 3 },
      { file: 'vapp.yaml', content: 'apps:\n  - name: x\n    dockerfile: [\n', line: 4 },
      { file: 'runtime.json', content: '[\n  { "id": "mqtt-broker" \n', line: 3 },
    ];
    for (const { file, content, line } of cases) {
      it(`names the line in a broken ${file}`, async () => {
        await workspace.write({ [file]: content });
        const failure = assertFailed(await workspace.vapp(['run', '--no-follow']), 'repository-invalid', 1);
        assert.equal(failure.range?.file, join(workspace.path, file));
        assert.equal(failure.range.start.line, line);
      });
    }

    it('names the instruction that fails in a Dockerfile', async () => {
      await workspace.write({ 'app/Dockerfile': `FROM busybox\nRUN true\nRUN echo "no such thing" >&2; exit 3\n` });
      const failure = assertFailed(await workspace.vapp(['run', '--no-follow']), 'build-failed', 1);
      assert.equal(failure.range?.file, join(workspace.path, 'app', 'Dockerfile'));
      assert.equal(failure.range.start.line, 3);
      assert.ok(
        failure.evidence.some((line) => line.includes('no such thing')),
        failure.evidence.join('\n'),
      );
      await assertUsable();
    });

    it('names the line of an unknown instruction in a Dockerfile', async () => {
      await workspace.write({ 'app/Dockerfile': `FROM busybox\n\nRUNN true\n` });
      const result = await workspace.vapp(['run', '--no-follow']);
      assert.equal(result.exitCode, 1);
      assert.equal(result.outcome.failure?.range?.start.line, 3);
    });

    it('names the line of a chart that does not render', async () => {
      await workspace.write({
        'deploy/VehicleApp/helm/Chart.yaml': 'apiVersion: v2\nname: broken\nversion: 0.1.0\n',
        'deploy/VehicleApp/helm/values.yaml': 'image:\n  repository: x\n  tag: y\n',
        'deploy/VehicleApp/helm/templates/app.yaml':
          'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Values.image.nope.deeper }}\n',
      });
      const failure = assertFailed(await workspace.vapp(['run', '--no-follow']), 'chart-invalid', 1);
      assert.equal(failure.range?.file, join(workspace.path, 'deploy/VehicleApp/helm/templates/app.yaml'));
      assert.equal(failure.range.start.line, 4);
    });

    it('says which app is not there', async () => {
      assertFailed(await workspace.vapp(['run', 'other']), 'app-unknown', 2);
    });
  });

  describe('of apps', () => {
    it('says with which code an app ends at once, while the revision before serves on', async () => {
      await workspace.write(lightApp({ script: 'echo "cannot go on" >&2\nexit 7\n' }));
      const result = await workspace.vapp(['run', '--no-follow']);
      assert.equal(result.exitCode, 1);
      const failure = result.outcome.failure;
      assert.match(`${failure?.summary} ${failure?.evidence.join(' ')}`, /\b7\b/);
      assert.ok(
        failure?.evidence.some((line) => line.includes('cannot go on')),
        JSON.stringify(failure),
      );
      await assertUsable();
    });

    it('names the source line that the trace of an app ends at', async () => {
      const script = [
        "echo 'Traceback (most recent call last):' >&2",
        'echo \'  File "/usr/lib/python3.11/runpy.py", line 9, in run\' >&2',
        'echo \'  File "/start.sh", line 3, in main\' >&2',
        'exit 1\n',
      ];
      await workspace.write(lightApp({ script: script.join('\n') }));
      const { range } = assertFailed(await workspace.vapp(['run', '--no-follow']), 'app-exited', 1);
      assert.equal(range?.file, join(workspace.path, 'app/start.sh'));
      assert.equal(range.start.line, 3);
      await assertUsable();
    });

    it('names the value that allows an app too little memory', async () => {
      const chart = '    chart:\n      values:\n        resources.limits.memory: 16Mi\n';
      await workspace.write({
        ...lightApp({ script: 'x=a\nwhile true; do x=$x$x; done\n' }),
        'vapp.yaml': `apps:\n  - manifest: app/AppManifest.json\n${chart}`,
      });
      const { range } = assertFailed(await workspace.vapp(['run', '--no-follow']), 'out-of-memory', 1);
      assert.equal(range?.file, join(workspace.path, 'vapp.yaml'));
      assert.equal(range.start.line, 5);
      await workspace.remove('vapp.yaml');
      await assertUsable();
    });

    it('runs a container without a shell', async () => {
      await workspace.write(
        lightApp({
          dockerfile:
            'FROM busybox AS tool\nFROM scratch\nCOPY --from=tool /bin/busybox /busybox\nCOPY app/start.sh /hello\nCMD ["/busybox", "tail", "-f", "/hello"]\n',
          script: 'no shell here\n',
        }),
      );
      const run = await workspace.vapp(['run', '--no-follow']);
      assertDone(run);
      assert.ok(run.lines.includes('no shell here'));
    });

    it('does not wait for an app that ignores SIGTERM', async () => {
      const stubborn = (line: string) => `trap '' TERM\necho "${line}"\nwhile true; do sleep 1; done\n`;
      await workspace.write(lightApp({ script: stubborn('one') }));
      assertDone(await workspace.vapp(['run', '--no-follow']));
      await workspace.write(lightApp({ script: stubborn('two') }));
      const run = await workspace.vapp(['run', '--no-follow']);
      assertDone(run);
      assert.ok(run.lines.includes('two'));
    });
  });

  describe('of the environment', () => {
    it('says that there is no Docker', async () => {
      const env = { DOCKER_HOST: `unix://${join(workspace.home, 'no.sock')}` };
      assertFailed(await workspace.vapp(['run', '--no-follow'], { env }), 'docker-not-running', 3);
      const state = (await workspace.vapp(['status'], { env })).outcome.value as WorkspaceStatus;
      assert.equal(state.runtime.state, 'unknown');
      await assertUsable();
    });

    it('says that Docker died in the middle of a build', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'vapp-proxy-'));
      const engine = workspace.environment()['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';
      const proxy = new SocketProxy(engine.replace('unix://', ''), join(folder, 'docker.sock'));
      await proxy.listen();
      try {
        await workspace.write(lightApp({ dockerfile: `${DOCKERFILE}RUN echo going; sleep 30; echo ${Date.now()}\n` }));
        const result = await workspace.vapp(['run', '--no-follow'], {
          env: { DOCKER_HOST: `unix://${proxy.path}` },
          onEvent: (event) => {
            if (event.type === 'build' && event.event.type === 'output' && event.event.text.includes('going'))
              void proxy.die();
          },
        });
        assert.equal(result.exitCode, 3, JSON.stringify(result.outcome));
        assert.match(result.outcome.failure?.code ?? '', /^docker-/);
      } finally {
        await proxy.die();
        await rm(folder, { recursive: true });
      }
      await workspace.write(lightApp());
      await assertUsable();
    });

    it('takes a symlinked workspace for the same workspace', async () => {
      const link = `${workspace.path} link`;
      await symlink(workspace.path, link);
      const viaLink = (await workspace.vapp(['status'], { cwd: link })).outcome.value as WorkspaceStatus;
      assert.equal(viaLink.runtime.cluster, (await status()).runtime.cluster);
      assert.equal(viaLink.runtime.state, 'running');
    });
  });

  describe('cancelling', () => {
    const steps: { name: string; when: (event: JsonEvent) => boolean }[] = [
      { name: 'reading', when: (event) => event.type === 'step' && event.step === 'read' && event.state === 'started' },
      { name: 'building', when: (event) => event.type === 'build' && event.event.type === 'output' },
      { name: 'pushing', when: (event) => event.type === 'step' && event.step === 'push' && event.state === 'started' },
      {
        name: 'deploying',
        when: (event) => event.type === 'step' && event.step === 'deploy' && event.state === 'started',
      },
      { name: 'rolling out', when: (event) => event.type === 'pod' },
    ];
    for (const { name, when } of steps) {
      it(`while ${name} leaves the revision before serving`, async () => {
        await workspace.write(
          lightApp({
            dockerfile: `${DOCKERFILE}RUN echo ${Date.now()}; sleep 1\n`,
            // Never ready in time: the rollout is still going on when it is cancelled.
            script: saying(`cancelled while ${name}`),
          }),
        );
        const result = await workspace.vapp(['run', '--no-follow'], { interruptWhen: when });
        assert.equal(result.outcome.status, 'cancelled', JSON.stringify(result.outcome));
        assert.equal(result.exitCode, 130);
        await assertUsable();
      });
    }

    it('while the runtime is being created leaves nothing', async () => {
      const fresh = await TestWorkspace.create('fresh');
      try {
        await fresh.write(lightApp());
        const { cluster } = ((await fresh.vapp(['status'])).outcome.value as WorkspaceStatus).runtime;
        const result = await fresh.vapp(['up'], {
          interruptWhen: (event) => event.type === 'runtime' && event.event.type === 'progress',
        });
        assert.equal(result.exitCode, 130);
        const docker = await dockerClient(new Toolbox(fresh.environment()));
        assert.deepEqual(await objectsOf(docker, cluster), []);
      } finally {
        await fresh.dispose();
      }
    });
  });
});

describe('two apps in one repository', function () {
  this.timeout('10m');
  let workspace: TestWorkspace;

  before(async () => {
    workspace = await TestWorkspace.create('two');
    await workspace.write({
      'vapp.yaml':
        'apps:\n  - name: Erste\n    dockerfile: one/Dockerfile\n  - name: Zweite\n    dockerfile: two/Dockerfile\n',
      'runtime.json': '[]',
      'one/Dockerfile': DOCKERFILE.replace('app/', 'one/'),
      'one/start.sh': saying('the first'),
      'two/Dockerfile': DOCKERFILE.replace('app/', 'two/'),
      'two/start.sh': saying('the second'),
    });
  });

  after(async () => {
    await workspace.dispose();
  });

  it('runs both, each as a release of its own', async () => {
    const run = await workspace.vapp(['run', '--no-follow']);
    assertDone(run);
    assert.deepEqual([...run.lines].sort(), ['the first', 'the second']);
    const { apps } = (await workspace.vapp(['status'])).outcome.value as WorkspaceStatus;
    assert.deepEqual(
      apps.map((app) => [app.id, app.release?.revision]),
      [
        ['erste', 1],
        ['zweite', 1],
      ],
    );
  });

  it('runs one of them alone', async () => {
    await workspace.write({ 'two/start.sh': saying('the second, changed') });
    const run = await workspace.vapp(['run', 'zweite', '--no-follow']);
    assertDone(run);
    const { apps } = (await workspace.vapp(['status'])).outcome.value as WorkspaceStatus;
    assert.deepEqual(
      apps.map((app) => app.release?.revision),
      [1, 2],
    );
  });
});
