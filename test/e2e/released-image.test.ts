import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { KubeApi, Toolbox, dockerClient, releaseHistory, type ClusterAccess, type Docker } from '../../src/tools';
import type { AppRun, AppTest, ReleaseImage, WorkspaceStatus } from '../../src/run';
import { manifest } from './support/images';
import { lightApp, saying } from './support/light-app';
import { PASSWORD, TestRegistry, removeImagesOf } from './support/registry';
import { provideScanner } from './support/scanner';
import { TestWorkspace, assertDone, assertFailed, type VappResult } from './support/workspace';

/** The stack has images of the engine's platform only, so the other one is made of nothing. */
const DOCKERFILE = `FROM busybox AS run-amd64
FROM scratch AS run-arm64
FROM busybox AS integration-test
COPY app/test.sh /test.sh
CMD ["sh", "/test.sh"]
FROM run-\${TARGETARCH}
COPY app/start.sh /start.sh
CMD ["sh", "/start.sh"]
`;
const PASSING = 'echo "middleware is $SDV_MIDDLEWARE_TYPE"\necho ok > /tmp/result\necho "2 tests passed"\n';
const FAILING = 'echo "expected 42, got 41"\nsleep 1\necho "1 of 2 tests failed"\nexit 3\n';

interface Index {
  readonly manifests: readonly { digest: string; platform: { architecture: string } }[];
}

describe('an image from somewhere else', function () {
  this.timeout('10m');
  let workspace: TestWorkspace;
  let docker: Docker;
  let tools: Toolbox;
  let registry: TestRegistry;
  let locked: TestRegistry;
  /** What was pushed first. */
  let released: ReleaseImage;

  before(async () => {
    workspace = await TestWorkspace.create('Ausgeliefert schön');
    await workspace.write({
      ...lightApp({ name: 'Released', dockerfile: DOCKERFILE }),
      'app/test.sh': PASSING,
      'vapp.yaml': [
        'apps:',
        '  - manifest: app/AppManifest.json',
        '    platforms: [linux/amd64, linux/arm64]',
        '    chart: { values: { securityContext: { readOnlyRootFilesystem: true }, env: { GREETING: "1" } } }',
        '',
      ].join('\n'),
    });
    tools = new Toolbox(workspace.environment());
    docker = await dockerClient(tools);
    await provideScanner(tools);
    registry = await TestRegistry.start(docker);
    locked = await TestRegistry.start(docker, true);
  });

  after(async () => {
    await workspace.dispose();
    for (const { dispose } of [registry, locked]) await dispose();
    // What was built for registries that are not there.
    await removeImagesOf(docker, 'localhost:1');
  });

  const vapp = (...args: string[]) => workspace.vapp(args);
  const valueOf = (result: VappResult) => {
    assertDone(result);
    return result.outcome.value;
  };

  async function status(): Promise<Required<WorkspaceStatus['runtime']> & { pods: string[]; revision: number }> {
    const { runtime, apps } = valueOf(await vapp('status')) as WorkspaceStatus;
    const release = apps[0]?.release;
    const pods = (release?.pods ?? []).map(({ name, containers }) => `${name} ${containers[0]?.restarts ?? ''}`);
    return { ...(runtime as Required<WorkspaceStatus['runtime']>), pods, revision: release?.revision ?? 0 };
  }

  async function indexOf(digest: string): Promise<Index> {
    return (await (await manifest(registry.host, 'owner/repo/released', digest)).json()) as Index;
  }

  async function podsIn(access: ClusterAccess): Promise<string[]> {
    const api = await KubeApi.open(access);
    try {
      const { items } = await api.list<{ metadata: { name: string; deletionTimestamp?: string } }>(
        '/api/v1/namespaces/default/pods',
      );
      return items.filter(({ metadata }) => !metadata.deletionTimestamp).map(({ metadata }) => metadata.name);
    } finally {
      api.close();
    }
  }

  describe('is built and pushed', () => {
    it('for the platforms of vapp.yaml, as one index with what attests it', async () => {
      const target = `${registry.host}/owner/repo/released`;
      const result = await vapp(
        'build',
        '--push',
        `${target}:abc`,
        '--sbom',
        '--provenance',
        '--cache',
        `${target}:cache`,
      );
      const [pushed] = valueOf(result) as ReleaseImage[];
      assert.ok(pushed);
      released = pushed;
      assert.deepEqual(released.platforms, ['linux/amd64', 'linux/arm64']);
      assert.equal(released.reference, `${target}:abc`);
      assert.equal(released.image, `${target}@${released.digest}`);
      const byTag = await manifest(registry.host, 'owner/repo/released', 'abc');
      assert.equal(byTag.headers.get('docker-content-digest'), released.digest);
      const { manifests } = await indexOf(released.digest);
      assert.deepEqual(
        manifests.map(({ platform }) => platform.architecture).filter((architecture) => architecture !== 'unknown'),
        ['amd64', 'arm64'],
      );
      assert.equal(manifests.length, 4, 'each has its attestations');
      assert.equal((await manifest(registry.host, 'owner/repo/released', 'cache')).status, 200);
    });

    it('for one platform that is named', async () => {
      const target = `${registry.host}/owner/repo/one`;
      const [pushed] = valueOf(await vapp('build', '--push', target, '--platform', 'arm64')) as ReleaseImage[];
      assert.deepEqual(pushed?.platforms, ['linux/arm64']);
      assert.equal(pushed.reference, `${target}:latest`);
    });

    it('not where the registry refuses, cannot be reached or is full', async () => {
      const denied = assertFailed(await vapp('build', '--push', `${locked.host}/a`, '-p', 'arm64'), 'push-denied', 3);
      assert.match(denied.nextSteps[0] ?? '', /docker login localhost:/);
      const away = assertFailed(
        await vapp('build', '--push', 'localhost:1/a', '-p', 'arm64'),
        'registry-unreachable',
        3,
      );
      assert.match(away.summary, /localhost:1 cannot be reached/);
      const full = await TestRegistry.full(docker, 507);
      try {
        assertFailed(await vapp('build', '--push', `${full.host}/a`, '-p', 'arm64'), 'push-quota', 3);
      } finally {
        await full.dispose();
      }
      assertFailed(await vapp('build', '--push', 'localhost:1/Ada'), 'image-reference-invalid', 2);
    });
  });

  describe('runs', () => {
    it('with the digest that its registry knows it by, as a whole index', async () => {
      const run = await vapp('run', '--image', released.reference, '--no-follow');
      const [app] = valueOf(run) as AppRun[];
      assert.equal(app?.image, `registry.vapp.internal:5000/owner/repo/released@${released.digest}`);
      assert.deepEqual(app.source, { reference: released.reference, digest: released.digest });
      assert.deepEqual(run.lines, ['ready']);
      assert.ok(!run.events.some((event) => event.type === 'build'), 'nothing is built');
      const { push } = (await status()).registry;
      const [there, here] = await Promise.all(
        [registry.host, push].map(async (host) =>
          (await manifest(host, 'owner/repo/released', released.digest)).text(),
        ),
      );
      assert.equal(here, there, 'byte by byte');
      assert.equal(
        `sha256:${createHash('sha256')
          .update(here ?? '')
          .digest('hex')}`,
        released.digest,
      );
    });

    it('with the digest of one platform of it', async () => {
      const { manifests } = await indexOf(released.digest);
      const run = await vapp('run', '--image', released.image, '--platform', 'amd64', '--no-follow');
      const [app] = valueOf(run) as AppRun[];
      assert.ok(app);
      assert.equal(
        app.image.split('@')[1],
        manifests.find(({ platform }) => platform.architecture === 'amd64')?.digest,
      );
      assert.deepEqual(app.source, { reference: released.image, digest: released.digest, platform: 'linux/amd64' });
    });

    it('with the credentials of docker, as an image without an index', async () => {
      const reference = `${locked.host}/ada/app:1`;
      const denied = assertFailed(await vapp('run', '--image', reference), 'image-access-denied', 3);
      assert.match(denied.nextSteps[0] ?? '', /docker login localhost:/);

      const config = join(workspace.home, 'docker');
      await mkdir(config, { recursive: true });
      const own = workspace.environment()['DOCKER_CONFIG'] ?? join(homedir(), '.docker');
      await symlink(join(own, 'cli-plugins'), join(config, 'cli-plugins'));
      const auth = Buffer.from(`ada:${PASSWORD}`).toString('base64');
      await writeFile(join(config, 'config.json'), JSON.stringify({ auths: { [locked.host]: { auth } } }));
      const env = { DOCKER_CONFIG: config };
      const pushed = await workspace.vapp(['build', '--push', reference, '--platform', 'amd64'], { env });
      const [image] = valueOf(pushed) as ReleaseImage[];
      const [app] = valueOf(await workspace.vapp(['run', '--image', reference, '--no-follow'], { env })) as AppRun[];
      assert.equal(app?.image, `registry.vapp.internal:5000/ada/app@${image?.digest}`);
      const other = await workspace.vapp(['run', '--image', reference, '--platform', 'arm64'], { env });
      assertFailed(other, 'image-platform-missing', 2);
    });

    it('not when its name is wrong, or its registry is away', async () => {
      const run = (image: string, ...more: string[]) => vapp('run', '--image', image, ...more);
      assertFailed(await run('not a name'), 'image-reference-invalid', 2);
      assertFailed(await run(`${registry.host}/owner/repo/released:none`), 'image-not-found', 2);
      const missing = assertFailed(
        await run(released.image, '--platform', 'linux/riscv64'),
        'image-platform-missing',
        2,
      );
      assert.match(missing.summary, /only for linux\/amd64, linux\/arm64\.$/);
      assertFailed(await run('localhost:1/a:1'), 'registry-unreachable', 3);
      assertFailed(await vapp('run', '--platform', 'arm64'), 'platform-needs-image', 2);
    });

    it('when only the engine has it, with a warning', async () => {
      await tools.run('docker', ['tag', 'busybox', 'localhost:1/known:1']);
      try {
        await workspace.write({ 'app/Dockerfile': 'FROM localhost:1/known:1\nCMD ["sh", "-c", "sleep 3600"]\n' });
        await tools.run('docker', [
          'build',
          '--tag',
          'localhost:1/known:2',
          '-f',
          join(workspace.path, 'app/Dockerfile'),
          workspace.path,
        ]);
        const run = await vapp('deploy', '--image', 'localhost:1/known:2');
        assertDone(run);
        assert.ok(
          run.events.some((event) => event.type === 'warning' && /as the Docker engine has it/.test(event.message)),
        );
      } finally {
        await workspace.write({ 'app/Dockerfile': DOCKERFILE });
        await tools.run('docker', ['rmi', '--force', 'localhost:1/known:1', 'localhost:1/known:2']);
      }
    });
  });

  for (const [name, variable] of [
    ['Helm 3', 'VAPP_TEST_HELM3'],
    ['Helm 4', 'VAPP_TEST_HELM4'],
  ] as const) {
    describe(`is tested with ${name}`, () => {
      let env: Record<string, string | undefined>;

      before(async () => {
        env = { VAPP_HELM: workspace.environment()[variable] };
        assertDone(await workspace.vapp(['run', '--image', released.image, '--no-follow'], { env }));
      });

      const test = (...args: string[]) => workspace.vapp(['test', ...args], { env });

      it('in the cluster, while the app goes on', async () => {
        const before = await status();
        const result = await test();
        const [app] = valueOf(result) as AppTest[];
        assert.deepEqual(result.lines, ['middleware is native', '2 tests passed']);
        assert.match(app?.image ?? '', /\/released-test@sha256:/);
        const { pods, access } = await status();
        assert.ok(pods.length > 0);
        // One of the revision before may have been on its way out.
        assert.ok(
          pods.every((pod) => before.pods.includes(pod)),
          'no other pod, and none restarted',
        );
        assert.ok(!(await podsIn(access)).some((pod) => pod.endsWith('-test')), 'nothing is left behind');
      });

      it('again, without one more revision', async () => {
        const { revision } = await status();
        assert.deepEqual((await test()).lines, ['middleware is native', '2 tests passed']);
        assert.equal((await status()).revision, revision);
        const run = await workspace.vapp(['run', '--image', released.image, '--no-follow'], { env });
        assertDone(run);
        assert.equal((await status()).revision, revision, 'its content is what it was');
      });

      it('and fails with the last lines', async () => {
        await workspace.write({ 'app/test.sh': FAILING });
        try {
          const failure = assertFailed(await test(), 'test-failed', 1);
          assert.deepEqual(failure.evidence, ['expected 42, got 41', '1 of 2 tests failed']);
          const { access } = await status();
          assert.ok(!(await podsIn(access)).some((pod) => pod.endsWith('-test')));
        } finally {
          await workspace.write({ 'app/test.sh': PASSING });
        }
      });

      it('with an image of tests that is there already, or one that cannot start', async () => {
        const target = `${registry.host}/owner/tests`;
        await workspace.write({
          'app/Dockerfile.tests': 'FROM busybox\nCMD ["sh", "-c", "echo from elsewhere"]\n',
          'app/Dockerfile.broken': 'FROM scratch\nCOPY app/start.sh /\nCMD ["/nothing"]\n',
        });
        for (const kind of ['tests', 'broken']) {
          const file = join(workspace.path, `app/Dockerfile.${kind}`);
          await tools.run('docker', ['build', '--push', '--tag', `${target}:${kind}`, '--file', file, workspace.path]);
        }
        assert.deepEqual((await test('--image', `${target}:tests`)).lines, ['from elsewhere']);
        assertFailed(await test('--image', `${target}:broken`), 'command-not-found', 1);
      });

      it('and leaves nothing behind when it is cancelled', async () => {
        await workspace.write({ 'app/test.sh': saying('testing for long') });
        try {
          const isLine = (event: { type: string }) =>
            event.type === 'log' && JSON.stringify(event).includes('for long');
          const result = await workspace.vapp(['test'], { env, interruptWhen: isLine });
          assert.equal(result.outcome.status, 'cancelled');
          const { access, pods } = await status();
          assert.ok(!(await podsIn(access)).some((pod) => pod.endsWith('-test')));
          assert.equal(pods.length, 1);
        } finally {
          await workspace.write({ 'app/test.sh': PASSING });
        }
      });

      it('and can be rolled back to what was another app', async () => {
        const before = await status();
        assertDone(await test());
        assertDone(await workspace.vapp(['rollback'], { env }));
        const { access, pods } = await status();
        assert.notDeepEqual(pods, before.pods);
        const api = await KubeApi.open(access);
        try {
          const [latest, previous] = await releaseHistory(api, 'released', 'default');
          assert.notEqual(latest?.labels['vapp-content'], previous?.labels['vapp-content']);
        } finally {
          api.close();
        }
      });

      it('not when there is nothing to test', async () => {
        await workspace.write({
          'app/Dockerfile': 'FROM busybox\nCOPY app/start.sh /start.sh\nCMD ["sh", "/start.sh"]\n',
        });
        try {
          assertFailed(await test(), 'no-tests', 1);
          assertFailed(await test('other'), 'app-unknown', 2);
        } finally {
          await workspace.write({ 'app/Dockerfile': DOCKERFILE });
        }
      });
    });
  }

  describe('cannot be tested', () => {
    it('when it is not deployed, or nothing runs', async () => {
      assertDone(await vapp('uninstall'));
      assert.match(assertFailed(await vapp('test'), 'not-deployed', 1).nextSteps[0] ?? '', /vapp run released/);
      assertDone(await vapp('stop'));
      assertFailed(await vapp('test'), 'runtime-not-running', 3);
    });
  });
});
