import assert from 'node:assert/strict';
import { readFile, readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { forwardPort, freeLocalPort, type WorkspaceStatus } from '../../src/run';
import { KubeApi, Toolbox, dockerClient, type Docker } from '../../src/tools';
import { MARK, SEQUENCES } from './support/hostile';
import { HostileBed, SECRETS, root } from './support/hostile-bed';
import { LOOPBACK_ADDRESSES, listenersAt } from './support/listeners';
import { SecretSearch } from './support/secret-search';
import { assertDone, assertFailed, type VappResult } from './support/workspace';

/** What a terminal would obey, or what would turn the direction of writing; line breaks, tabs and colours aside. */
const CONTROLS =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]|\u001b(?!\[[\d;]*m)/;
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
/** Options whose value is the next argument, whatever it begins with. */
const TAKES_VALUE = ['--target', '--file', '--tag', '--values', '--label'];

describe('a hostile repository that is trusted', function () {
  this.timeout('5m');
  const search = new SecretSearch(Object.values(SECRETS));
  const begun = Date.now();
  let bed: HostileBed;
  let docker: Docker;
  let run: VappResult;

  before(async () => {
    bed = await HostileBed.make();
    docker = await dockerClient(new Toolbox(bed.workspace.environment()));
    await bed.reset();
    search.watchProcesses();
    run = await bed.vapp(['run', '--no-follow']);
  });

  afterEach(() => bed.assertUntouched());

  after(async () => {
    await search.endOfWatch();
    await bed.dispose();
  });

  const status = async () => (await bed.vapp(['status'])).outcome.value as WorkspaceStatus;
  const access = async () => {
    const { runtime } = await status();
    assert.ok(runtime.access);
    return runtime.access;
  };

  it('runs, in spite of all its names', () => {
    assertDone(run);
    assert.ok(run.lines.includes('ready'), run.lines.join('\n'));
  });

  it('gives no tool an option of its own', async () => {
    const calls = await bed.recorder.calls();
    for (const tool of ['docker-buildx', 'k3d', 'helm']) {
      assert.ok(
        calls.some((call) => call.tool === tool),
        tool,
      );
    }
    const marked = calls.flatMap(({ tool, args }) =>
      args.map((arg, index) => ({ tool, arg, before: args[index - 1] ?? '' })).filter(({ arg }) => arg.includes(MARK)),
    );
    assert.ok(marked.length > 0, 'its names were used');
    for (const { tool, arg, before } of marked) {
      assert.ok(!arg.startsWith('-') || TAKES_VALUE.includes(before), `${tool} ${before} ${arg}`);
    }
  });

  it('names a stage of its Dockerfile like an option, and fails at it', async () => {
    const stage = `--output=type=local,dest=${bed.base}/pwned-by-the-repository`;
    await bed.workspace.write({ 'app/other.Dockerfile': `FROM busybox AS ${stage}\nRUN true\n` });
    await bed.set({ dockerfile: 'app/other.Dockerfile', target: stage });
    const result = await bed.vapp(['build']);
    assert.equal(result.outcome.status, 'failed');
    assert.equal(result.exitCode, 1);
    await bed.reset();
  });

  describe('in its cluster', () => {
    it('has got no file of the machine: by a link, a values file, its chart, or from the node', async () => {
      const api = await KubeApi.open(await access());
      try {
        const path = '/api/v1/namespaces/default/configmaps/loot';
        const { data } = await api.get<{ data: Record<string, string> }>(path);
        assert.ok(!JSON.stringify(data).includes('of-the-machine'), JSON.stringify(data));
        assert.equal((parse(data['values'] ?? '') as { own: string }).own, 'value', 'its own values file counts');
        assert.deepEqual([data['files'], data['address']], ['', '']);
      } finally {
        api.close();
      }
    });

    it('finds in its node nothing but the node', async () => {
      const { lines } = await bed.vapp(['logs', '--no-follow']);
      assert.deepEqual(
        lines.filter((line) => line.startsWith('peeked')),
        ['peeked all'],
      );
      const { nodes } = (await status()).runtime;
      for (const { name } of nodes) {
        const { HostConfig, Mounts } = await docker.getContainer(name).inspect();
        // Volumes have names, folders of the machine have paths.
        assert.deepEqual(
          (HostConfig.Binds ?? []).filter((bind) => bind.startsWith('/')),
          [],
        );
        assert.ok(
          Mounts.every(({ Type }) => Type === 'volume'),
          JSON.stringify(Mounts),
        );
      }
    });

    it('listens on loopback only: API, registry, node ports and what is forwarded', async () => {
      const { runtime } = await status();
      const containers = await docker.listContainers({
        filters: JSON.stringify({ label: [`io.vscode-velocitas.cluster=${runtime.cluster}`] }),
      });
      const published = containers.flatMap(({ Ports }) => Ports.filter(({ PublicPort }) => PublicPort));
      assert.ok(published.length >= 2, 'API and registry');
      for (const { IP, PublicPort } of published) {
        assert.equal(IP, '127.0.0.1', String(PublicPort));
        const listeners = await listenersAt(PublicPort);
        assert.ok(
          listeners.every((address) => LOOPBACK_ADDRESSES.includes(address)),
          listeners.join(),
        );
      }
      assert.ok((await listenersAt(published[0]?.PublicPort ?? 0)).length > 0, 'the kernel tells of listeners');
      await forwarded(async (port) => assert.deepEqual(await listenersAt(port), ['0100007F']));
    });

    /** Forwards a port to the app for as long as the work takes. */
    async function forwarded(work: (port: number) => Promise<void>): Promise<void> {
      const pod = (await status()).apps[0]?.release?.pods[0];
      assert.ok(pod);
      const localPort = await freeLocalPort(18_080);
      const stopper = new AbortController();
      const request = { access: await access(), namespace: 'default', pod: pod.name, podPort: 80, localPort };
      let worked: Promise<void> | undefined;
      const onReady = () => {
        worked ??= work(localPort).finally(() => stopper.abort());
        worked.catch(() => undefined);
      };
      const toolbox = new Toolbox(bed.workspace.environment());
      await forwardPort(toolbox, request, onReady, stopper.signal).catch((error: unknown) => {
        if (!stopper.signal.aborted) throw error;
      });
      assert.ok(worked, 'the port was never forwarded');
      await worked;
    }
  });

  it('does nothing to a terminal by what its app writes, which is whole in JSON', async () => {
    const line = `\u001b[31mred\u001b[0m and [Fix](command:evil) ${SEQUENCES}`;
    assert.ok((await bed.vapp(['logs', '--no-follow'])).lines.includes(line));
    for (const args of [['logs', '--no-follow'], ['apps'], ['status'], ['--output', 'json', 'logs', '--no-follow']]) {
      const said = await bed.text(args);
      assert.doesNotMatch(said, CONTROLS);
      assert.ok(said.includes('red') || !args.includes('logs'));
    }
  });

  describe('whose machine has secrets', () => {
    it('sees them hidden when a build fails that tells them', async () => {
      await bed.workspace.write({
        'app/other.Dockerfile': [
          'FROM busybox',
          'ARG NPM_TOKEN',
          'RUN echo "told: $NPM_TOKEN $HTTP_PROXY $HTTPS_PROXY"; exit 3',
          '',
        ].join('\n'),
      });
      await bed.set({ dockerfile: 'app/other.Dockerfile' });
      const { evidence } = assertFailed(await bed.vapp(['build', '--no-cache']), 'build-failed', 1);
      assert.match(evidence.join('\n'), /told: \*\*\*/);
      assert.match(await bed.text(['--verbose', 'build', '--no-cache']), /told: \*\*\*/);
    });

    it('sees them hidden when Helm or Kubernetes tells them', async () => {
      for (const how of ['fails', 'refused']) {
        await bed.workspace.write({ 'other.yaml': `${how}: true\n` });
        await bed.set({ chart: { ...bed.chart, valuesFiles: ['other.yaml'] } });
        const { failure } = (await bed.vapp(['deploy'])).outcome;
        assert.match(JSON.stringify(failure), /\*\*\*/);
      }
      await bed.reset();
    });

    it('sees them nowhere in reports and packages', async () => {
      const doctor = await bed.vapp(['doctor']);
      assert.equal(doctor.outcome.status, 'done');
      assertDone(await bed.vapp(['package', '--image', `x/y@${DIGEST}`, '--version', '1.0.0']));
      const pushed = await bed.vapp(['build', '--push', 'localhost:1/x/y'], { KUBECONFIG: '' });
      assert.equal(pushed.outcome.status, 'failed');
      await docker.getImage('localhost:1/x/y').remove();
      for (const args of [['doctor'], ['status'], ['apps']]) await bed.text(args);
    });

    it('sees them nowhere after a crash', async () => {
      const crash = `--require ${join(root, 'test', 'e2e', 'support', 'crash.cjs')}`;
      const said = await bed.text(['build', '--no-cache'], { NODE_OPTIONS: crash });
      assert.match(said, /Error: crashed with http:\/\/\*\*\*@proxy\.invalid/);
      await bed.killed(['build', '--no-cache'], 'build');
    });

    it('has them in no output, command line or file but those that are meant to hold them', async () => {
      assert.deepEqual(search.in(bed.told.join('\n')), []);
      const { told, samples } = await search.endOfWatch();
      assert.ok(samples > 20);
      assert.deepEqual(told, []);

      const { kubeconfig } = await access();
      const [key = ''] = /client-key-data: (\S+)/.exec(await readFile(kubeconfig, 'utf8'))?.slice(1) ?? [];
      assert.ok(key.length > 100);
      assert.equal((await stat(kubeconfig)).mode & 0o777, 0o600);
      const all = new SecretSearch([...Object.values(SECRETS), key]);
      assert.deepEqual(all.in(bed.told.join('\n')), []);

      const meant = [kubeconfig, join(bed.base, 'vapp.json'), join(bed.workspace.path, 'vapp.yaml')];
      const dockerConfig = join(bed.base, 'recorder', 'docker', 'config.json');
      const leaveOut = (path: string) => [...meant, dockerConfig].includes(path);
      assert.deepEqual(await all.filesIn(bed.base, leaveOut), []);
      assert.ok((await all.filesIn(bed.base, () => false)).includes(kubeconfig), 'the search finds what is there');
      for (const name of await readdir(tmpdir())) {
        const path = join(tmpdir(), name);
        const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
        // And what the tests are compiled to holds what they plant.
        if (mtimeMs < begun || path === bed.base || name.startsWith('tsx-')) continue;
        assert.deepEqual(await all.filesAt(path), [], path);
      }
    });
  });
});
