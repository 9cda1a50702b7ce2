import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Cancelled } from '../../src/base';
import {
  buildImage,
  ensureLocalImage,
  pruneImages,
  pushImage,
  type BuildEvent,
  type BuildRequest,
  type BuiltImage,
} from '../../src/build';
import { Toolbox, dockerClient, type Docker } from '../../src/tools';
import { stackEnvironment } from '../stack/environment';
import { commandLines, failureOf, freePort, manifest, untilRegistryAnswers, withRegistry } from './support/images';
import { SocketProxy } from './support/socket-proxy';
import { skipBecause } from '../support/skip';

const LABEL = { 'io.vscode-velocitas.test': 'build' };
const LABEL_FILTER = 'io.vscode-velocitas.test=build';
const TAG = 'vapp-test-build/app:local';

/** Header of a program for LoongArch, which hardly a machine emulates: all that it takes to be refused. */
const FOREIGN_PROGRAM = Buffer.from(
  '7f454c46020101000000000000000000' + '02000201010000007800400000000000' + '4000000000000000',
  'hex',
);

describe('building images on the real engine', function () {
  this.timeout(180_000);
  let env: NodeJS.ProcessEnv;
  let toolbox: Toolbox;
  let docker: Docker;
  /** The build context. */
  let folder: string;
  let base: string;

  before(async () => {
    env = await stackEnvironment();
    toolbox = new Toolbox(env);
    docker = await dockerClient(toolbox);
  });

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'vapp-build-'));
    folder = join(base, 'Prüf App');
    await mkdir(folder);
  });

  afterEach(() => rm(base, { recursive: true, force: true }));

  after(removeTestImages);

  async function removeTestImages(): Promise<void> {
    const images = await docker.listImages({ filters: JSON.stringify({ label: [LABEL_FILTER] }) });
    for (const image of images) await docker.getImage(image.Id).remove({ force: true });
  }

  async function write(files: Readonly<Record<string, string | Buffer>>): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), content);
    }
  }

  const build = (
    request: Partial<BuildRequest> = {},
    context: { toolbox?: Toolbox; signal?: AbortSignal; onEvent?: (event: BuildEvent) => void } = {},
  ): Promise<BuiltImage> =>
    buildImage(
      {
        dockerfile: join(folder, 'app', 'Dockerfile'),
        context: folder,
        buildArgs: {},
        platforms: [],
        tags: [TAG],
        labels: LABEL,
        ...request,
      },
      { toolbox, docker, ...context },
    );

  const statesOf = (image: BuiltImage) =>
    image.steps.filter(({ name }) => !name.includes('FROM ')).map(({ state }) => state);

  /** What a container of the image prints. */
  async function outputOf(image: BuiltImage, command: string[]): Promise<string> {
    const { stdout } = await toolbox.run('docker', ['run', '--rm', image.imageId, ...command]);
    return stdout;
  }

  /** An old buildx hides whichever one the machine has. */
  async function withOldBuildx(): Promise<Toolbox> {
    const plugin = join(base, 'config', 'cli-plugins', 'docker-buildx');
    await mkdir(dirname(plugin), { recursive: true });
    await writeFile(plugin, '#!/bin/sh\necho "ERROR: invalid progress mode rawjson" >&2\nexit 1\n');
    await chmod(plugin, 0o755);
    return new Toolbox({ ...env, DOCKER_CONFIG: join(base, 'config') });
  }

  describe('an image', () => {
    it('has the same digest as long as the content is the same, and steps with their lines', async () => {
      await write({
        'app/Dockerfile': `FROM busybox\nRUN echo ${unique()} > /unique\n\nCOPY app/main.sh /\nCMD ["sh", "/main.sh"]\n`,
        'app/main.sh': 'echo one\n',
      });
      const first = await build();
      assert.equal(first.builder, 'buildx');
      assert.equal(first.tag, TAG);
      assert.match(first.imageId, /^sha256:[0-9a-f]{64}$/);
      assert.ok(first.size > 0 && first.durationMs > 0);
      assert.equal(first.platforms.length, 1);
      assert.deepEqual(statesOf(first), ['done', 'done']);
      const lines = first.steps.map((step) => step.lines?.first).sort();
      assert.deepEqual(lines, [1, 2, 4]);

      const soon = new Date();
      await utimes(join(folder, 'app/main.sh'), soon, soon);
      const second = await build();
      assert.deepEqual(statesOf(second), ['cached', 'cached']);
      assert.equal(second.imageId, first.imageId);

      await write({ 'app/main.sh': 'echo two\n' });
      const third = await build();
      assert.deepEqual(statesOf(third).sort(), ['cached', 'done']);
      assert.notEqual(third.imageId, first.imageId);
      assert.equal(await outputOf(third, []), 'two\n');
    });

    it('leaves out what .dockerignore names, that of the Dockerfile before that of the context', async () => {
      await write({
        'app/Dockerfile': 'FROM busybox\nCOPY . /context\n',
        '.dockerignore': 'ignored\n',
        ignored: '',
        kept: '',
        'app/private': '',
      });
      assert.equal(await outputOf(await build(), ['ls', '/context', '/context/app']), lsOf(['app', 'kept'], APP_FILES));
      await write({ 'app/Dockerfile.dockerignore': '**/private\nkept\n' });
      const files = ['Dockerfile', 'Dockerfile.dockerignore'];
      assert.equal(await outputOf(await build(), ['ls', '/context', '/context/app']), lsOf(['app', 'ignored'], files));
    });

    it('of a stage, with arguments whose values are in no argument list and no output', async () => {
      const secret = `s3cret-${unique()}`;
      await write({
        'app/Dockerfile':
          'FROM busybox AS wanted\nARG API_TOKEN\nARG VERSION\nRUN echo got $API_TOKEN; sleep 1; echo $VERSION > /v\nFROM wanted\nRUN false\n',
      });
      const seen: string[] = [];
      const events: BuildEvent[] = [];
      const reading: Promise<void>[] = [];
      const image = await build(
        { target: 'wanted', buildArgs: { API_TOKEN: secret, VERSION: '1.2.3' } },
        {
          onEvent: (event) => {
            events.push(event);
            if (event.type === 'output') reading.push(commandLines().then((lines) => void seen.push(...lines)));
          },
        },
      );
      await Promise.all(reading);
      assert.ok(
        seen.some((line) => line.includes('--build-arg API_TOKEN')),
        'the build was seen running',
      );
      assert.deepEqual(
        seen.filter((line) => line.includes('docker') && line.includes(secret)),
        [],
      );
      assert.ok(events.some((event) => event.type === 'output' && event.text === 'got ***'));
      assert.ok(!JSON.stringify([events, image]).includes(secret));
      assert.equal(await outputOf(image, ['cat', '/v']), '1.2.3\n');
    });

    it('gets the proxies of the environment without declaring them', async () => {
      await write({ 'app/Dockerfile': 'FROM busybox\nRUN echo $HTTP_PROXY $no_proxy > /proxy\n' });
      const proxied = new Toolbox({ ...env, HTTP_PROXY: 'http://u:p@ss@proxy:1', no_proxy: unique() });
      const image = await build({}, { toolbox: proxied });
      assert.match(await outputOf(image, ['cat', '/proxy']), /^http:\/\/\*\*\*@proxy:1 /);
    });

    it('of several platforms is one index', async () => {
      await write({ 'app/Dockerfile': 'FROM scratch\nCOPY app/file /file\n', 'app/file': unique() });
      const image = await build({ platforms: ['amd64', 'linux/arm64', 'arm/v7'] });
      assert.deepEqual(image.platforms, ['linux/amd64', 'linux/arm64', 'linux/arm/v7']);
      await withRegistry(docker, async (registry) => {
        const { digest } = await pushImage(TAG, { registry, repository: 'multi' }, { docker });
        const index = (await (await manifest(registry, 'multi', digest)).json()) as {
          manifests: { platform: { os: string; architecture: string; variant?: string } }[];
        };
        const platforms = index.manifests.map(({ platform }) => `${platform.os}/${platform.architecture}`);
        assert.deepEqual(platforms, ['linux/amd64', 'linux/arm64', 'linux/arm']);
      });
    });

    it('needs no plugin in one of the usual folders, if the docker CLI knows where it is', async () => {
      await write({ 'app/Dockerfile': 'FROM busybox\n', 'config/config.json': '{}' });
      const config = join(folder, 'config');
      const plugins = join(env['DOCKER_CONFIG'] ?? '', 'cli-plugins');
      await write({ 'config/config.json': JSON.stringify({ cliPluginsExtraDirs: [plugins] }) });
      const image = await build({}, { toolbox: new Toolbox({ ...env, DOCKER_CONFIG: config }) });
      assert.equal(image.builder, 'buildx');
    });
  });

  describe('without a usable buildx', () => {
    const DOCKERFILE = 'FROM busybox\nRUN echo hello\nCOPY app/main.sh /\n';

    it('builds with the classic builder, and says what is lost', async () => {
      await write({ 'app/Dockerfile': DOCKERFILE, 'app/main.sh': unique() });
      const events: BuildEvent[] = [];
      const old = { toolbox: await withOldBuildx(), onEvent: (event: BuildEvent) => events.push(event) };
      const first = await build({}, old);
      assert.equal(first.builder, 'classic');
      const warning = events.find((event) => event.type === 'warning');
      assert.match(warning?.message ?? '', /older than 0\.13: no parallel steps/);
      const second = await build({}, old);
      assert.equal(second.imageId, first.imageId);
      const states = second.steps
        .slice(1, 3)
        .map(({ name, state, lines }) => [name.split(' ')[1], state, lines?.first]);
      assert.deepEqual(states, [
        ['RUN', 'cached', 2],
        ['COPY', 'cached', 3],
      ]);
    });

    it('says so when there is none at all', async function () {
      const folders = ['/usr/local/lib', '/usr/local/libexec', '/usr/lib', '/usr/libexec'];
      const found = await Promise.all(folders.map((path) => readdir(join(path, 'docker/cli-plugins')).catch(() => [])));
      if (found.flat().includes('docker-buildx')) {
        skipBecause(this, 'this machine has a buildx of its own, which every docker CLI finds');
      }
      await write({ 'app/Dockerfile': 'FROM busybox\n' });
      const events: BuildEvent[] = [];
      await build(
        {},
        { toolbox: new Toolbox({ ...env, DOCKER_CONFIG: base }), onEvent: (event) => events.push(event) },
      );
      const warning = events.find((event) => event.type === 'warning');
      assert.match(warning?.message ?? '', /buildx plugin of docker is missing/);
    });

    it('reports a failing command as well', async () => {
      await write({ 'app/Dockerfile': 'FROM busybox\nRUN echo the cause; exit 4\n' });
      const failure = await failureOf(build({}, { toolbox: await withOldBuildx() }));
      assert.equal(failure.code, 'build-failed');
      assert.equal(failure.range?.start.line, 2);
      assert.match(failure.summary, /exit code 4/);
      assert.equal(failure.evidence[0], 'the cause');
    });

    it('refuses several platforms', async () => {
      await write({ 'app/Dockerfile': 'FROM scratch\n' });
      const failure = await failureOf(build({ platforms: ['amd64', 'arm64'] }, { toolbox: await withOldBuildx() }));
      assert.equal(failure.code, 'platform-unsupported');
    });
  });

  describe('a build that fails', () => {
    const cases: { what: string; dockerfile: string; code: string; line: number; request?: Partial<BuildRequest> }[] = [
      { what: 'a command', dockerfile: 'FROM busybox\n\n# c\nRUN echo x; exit 3\n', code: 'build-failed', line: 4 },
      { what: 'a syntax error', dockerfile: 'FROM busybox\nRUNN x\n', code: 'dockerfile-invalid', line: 2 },
      { what: 'a missing source', dockerfile: 'FROM busybox\nCOPY no /\n', code: 'copy-source-missing', line: 2 },
      { what: 'a base image', dockerfile: 'FROM localhost:1/no:1\n', code: 'base-image-unavailable', line: 1 },
      {
        what: 'a stage that does not exist',
        dockerfile: 'FROM busybox\n',
        code: 'target-missing',
        line: 1,
        request: { target: 'nope' },
      },
      {
        what: 'a program of another platform',
        dockerfile: 'FROM scratch\nCOPY --chmod=755 program /\nRUN ["/program"]\n',
        code: 'platform-unsupported',
        line: 3,
        request: { platforms: ['loong64'] },
      },
    ];
    for (const { what, dockerfile, code, line, request } of cases) {
      it(`for ${what}: ${code} in line ${line}`, async () => {
        await write({ 'app/Dockerfile': dockerfile, program: FOREIGN_PROGRAM });
        const failure = await failureOf(build(request));
        assert.equal(failure.code, code, failure.summary);
        assert.equal(failure.range?.file, join(folder, 'app', 'Dockerfile'));
        assert.equal(failure.range.start.line, line);
        assert.ok(failure.evidence.length > 0);
      });
    }

    it('for want of a Dockerfile', async () => {
      assert.equal((await failureOf(build())).code, 'dockerfile-missing');
    });

    it('for a file that .dockerignore takes away: it says so', async () => {
      await write({ 'app/Dockerfile': 'FROM busybox\nCOPY a.txt /\n', '.dockerignore': '*.txt\n', 'a.txt': '' });
      const failure = await failureOf(build());
      assert.match(failure.summary, /a\.txt is in the build context, but excluded by \.dockerignore/);
    });

    it('because no engine is there', async () => {
      await write({ 'app/Dockerfile': 'FROM busybox\n' });
      const nowhere = new Toolbox({ ...env, DOCKER_HOST: `unix://${join(base, 'no.sock')}` });
      const failure = await failureOf(build({}, { toolbox: nowhere }));
      assert.deepEqual([failure.code, failure.fault], ['docker-not-running', 'environment']);
    });

    it('because the engine dies in the middle', async () => {
      await write({ 'app/Dockerfile': `FROM busybox\nRUN echo going; sleep 600.${unique()}\n` });
      const socket = (env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock').replace('unix://', '');
      const proxy = new SocketProxy(socket, join(base, 'engine.sock'));
      await proxy.listen();
      try {
        const mortal = new Toolbox({ ...env, DOCKER_HOST: `unix://${proxy.path}` });
        const dying = build({}, { toolbox: mortal, onEvent: ({ type }) => type === 'output' && void proxy.die() });
        const failure = await failureOf(dying);
        assert.deepEqual([failure.code, failure.fault], ['docker-lost', 'environment']);
      } finally {
        await proxy.die();
      }
    });
  });

  describe('cancelling', () => {
    for (const when of ['at the start', 'while a step runs'] as const) {
      it(`${when} ends the tools and the step, and moves no tag`, async () => {
        const marker = `600.${unique()}`;
        await write({ 'app/Dockerfile': `FROM busybox\nRUN echo going; sleep ${marker}\n` });
        const controller = new AbortController();
        const tag = `vapp-test-build/cancelled-${unique()}:local`;
        const building = build(
          { tags: [tag] },
          {
            signal: controller.signal,
            onEvent: (event) => {
              if (when === 'at the start' || event.type === 'output') controller.abort();
            },
          },
        );
        await assert.rejects(building, Cancelled);
        const lines = await commandLines();
        assert.deepEqual(
          lines.filter((line) => line.includes(folder)),
          [],
          'no tool is left',
        );
        while ((await commandLines()).some((line) => line.includes(marker))) await pause(50);
        await assert.rejects(docker.getImage(tag).inspect(), { statusCode: 404 });
      });
    }
  });

  describe('pushing', () => {
    it('answers the digest that the registry knows, and leaves no name behind', async () => {
      await write({ 'app/Dockerfile': 'FROM busybox\nCOPY app/file /\n', 'app/file': unique() });
      await build();
      await withRegistry(docker, async (registry) => {
        const target = { registry, repository: 'team/app' };
        const first = await pushImage(TAG, target, { docker });
        assert.equal(first.repository, `${registry}/team/app`);
        const response = await manifest(registry, 'team/app', first.digest);
        assert.equal(response.status, 200);
        assert.equal(response.headers.get('docker-content-digest'), first.digest);
        assert.deepEqual(await pushImage(TAG, target, { docker }), first);
        await assert.rejects(docker.getImage(`${registry}/team/app:local`).inspect(), { statusCode: 404 });

        await pullsBack(`${first.repository}@${first.digest}`);
      });
    });

    it('waits for a registry that is just starting', async () => {
      const port = await freePort();
      const pushing = pushImage('busybox', { registry: `localhost:${port}`, repository: 'late' }, { docker });
      await withRegistry(
        docker,
        async () => {
          assert.match((await pushing).digest, /^sha256:/);
        },
        port,
      );
    });

    it('can be cancelled while it waits', async () => {
      const registry = `localhost:${await freePort()}`;
      const signal = AbortSignal.timeout(300);
      await assert.rejects(pushImage('busybox', { registry, repository: 'never' }, { docker, signal }), Cancelled);
      await assert.rejects(docker.getImage(`${registry}/never:local`).inspect(), { statusCode: 404 });
    });

    async function pullsBack(image: string): Promise<void> {
      const events: BuildEvent[] = [];
      await docker.getImage(TAG).remove({ force: true });
      await ensureLocalImage(image, { docker, onEvent: (event) => events.push(event) });
      await ensureLocalImage(image, { docker });
      await docker.getImage(image).inspect();
      await docker.getImage(image).remove({ force: true });
    }
  });

  describe('images of others', () => {
    it('that are here need nobody', () => ensureLocalImage('busybox', { docker }));

    it('that cannot be had are named, with the cause', async () => {
      await withRegistry(docker, async (registry) => {
        await untilRegistryAnswers(registry);
        const unknown = await failureOf(ensureLocalImage(`${registry}/nope:1`, { docker }));
        assert.equal(unknown.code, 'image-unavailable');
        assert.match(unknown.summary, new RegExp(`${registry}/nope:1 .*does not know this name`));
      });
      const offline = await failureOf(ensureLocalImage('localhost:1/nope', { docker }));
      assert.match(offline.summary, /localhost:1\/nope .*cannot be reached/);
    });
  });

  it('images that lost their tag go, those of others stay', async () => {
    const labels = { ...LABEL, 'io.vscode-velocitas.workspace': unique() };
    const label = `io.vscode-velocitas.workspace=${labels['io.vscode-velocitas.workspace']}`;
    const ours = async () => (await docker.listImages({ filters: JSON.stringify({ label: [label] }) })).length;
    await write({ 'app/Dockerfile': 'FROM busybox\nCOPY app/file /\n' });
    // With BuildKit and the containerd image store nothing is left to prune; with the classic builder there always is.
    const old = { toolbox: await withOldBuildx() };
    for (const content of ['one', 'two', 'three']) {
      await write({ 'app/file': content });
      await build({ labels, tags: ['vapp-test-build/pruned:local'] }, old);
    }
    assert.equal(await ours(), 3);
    await pruneImages(docker, `${label}-of-another`);
    assert.equal(await ours(), 3);
    await pruneImages(docker, label);
    assert.equal(await ours(), 1);
    await docker.getImage('vapp-test-build/pruned:local').inspect();
  });
});

const APP_FILES = ['Dockerfile', 'private'];

/** What `ls /context /context/app` prints. */
function lsOf(context: readonly string[], app: readonly string[]): string {
  return `/context:\n${context.join('\n')}\n\n/context/app:\n${app.join('\n')}\n`;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function unique(): string {
  return Math.random().toString().slice(2);
}
