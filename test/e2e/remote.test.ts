import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { BuiltImage } from '../../src/build';
import type { AppRun, ContextStatus, WorkspaceStatus } from '../../src/run';
import { Toolbox, dockerClient, type ClusterAccess, type Docker } from '../../src/tools';
import type { PlainRuntime } from '../bench/floor';
import { PlainCluster } from '../bench/plain-cluster';
import { mirrorStandIn } from './support/container-builder';
import { lightApp, saying } from './support/light-app';
import { TestRegistry } from './support/registry';
import { RemoteBuilder } from './support/remote-builder';
import { TestWorkspace, assertDone, assertFailed, type VappResult } from './support/workspace';

const CLUSTER = 'vapp-test-team';
const APP = 'pruef-app';
/** Something worth keeping, that no other test has in its cache. */
const DOCKERFILE = `FROM busybox
RUN echo prepared > /prepared
COPY app/start.sh /start.sh
CMD ["sh", "/start.sh"]
`;

describe('a cluster and a builder of somebody else’s', function () {
  this.timeout(600_000);
  let workspace: TestWorkspace;
  let folder: string;
  let docker: Docker;
  let tools: Toolbox;
  let cluster: PlainCluster;
  let team: PlainRuntime;
  let userKubeconfig: string;

  before(async () => {
    workspace = await TestWorkspace.create('Geteilt');
    await workspace.write(lightApp({ dockerfile: DOCKERFILE, script: saying('for the team') }));
    folder = await mkdtemp(join(tmpdir(), 'vapp-team-'));
    const env = workspace.environment();
    tools = new Toolbox(env);
    docker = await dockerClient(tools);
    cluster = new PlainCluster({ folder, env, tool: (program, args) => ({ program, args, env }) }, { name: CLUSTER });
    await cluster.create();
    team = await cluster.runtime();
    await kubectl('create', 'namespace', 'ada');
    await addToUserKubeconfig(workspace, team.access);
    userKubeconfig = await kubeconfigOfUser();
  });

  after(async () => {
    await cluster.delete();
    await workspace.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  const kubectl = async (...args: string[]) => {
    const { kubeconfig, context } = team.access;
    return (await tools.run('kubectl', ['--kubeconfig', kubeconfig, '--context', context, ...args])).stdout;
  };
  const inTeam = (...args: string[]): Promise<VappResult> =>
    workspace.vapp([...args, '--context', team.access.context]);
  const kubeconfigOfUser = () => readFile(join(workspace.home, '.kube', 'config'), 'utf8');
  const allow = (namespace: string, more = '') =>
    workspace.write({ 'vapp.yaml': `${more}${stringify({ remote: { contexts: [contextOf(team, namespace)] } })}` });

  it('is left alone unless vapp.yaml allows it', async () => {
    await workspace.write({
      'vapp.yaml': 'remote:\n  contexts:\n    - { name: other, registry: registry.test/team }\n',
    });
    const failure = assertFailed(await inTeam('run', '--no-follow'), 'context-not-allowed', 2);
    assert.equal(failure.range?.start.line, 3);
    assert.match(failure.nextSteps.join('\n'), new RegExp(`name: "${team.access.context}"`));
    assert.equal(
      (await kubectl('get', 'secrets', '--all-namespaces', '--selector', 'owner=helm', '-o', 'name')).trim(),
      '',
    );
    assert.deepEqual(await localContainers(), []);
  });

  it('runs the app there and shows its log, while nothing is made on this machine', async () => {
    await allow('ada');
    const result = await inTeam('run', '--no-follow');
    assertDone(result);
    assert.ok(result.lines.includes('for the team'), result.lines.join('\n'));
    const [run] = result.outcome.value as AppRun[];
    assert.match(run?.image ?? '', new RegExp(`^${team.registry.pull}/apps/${APP}@sha256:`));
    const pods = await kubectl('get', 'pods', '--namespace', 'ada', '-o', 'jsonpath={.items[*].status.phase}');
    assert.equal(pods, 'Running');
    assert.deepEqual(await localContainers(), []);
    assert.equal(await kubeconfigOfUser(), userKubeconfig);
  });

  it('tells where it runs, and shows its log again', async () => {
    const status = (await inTeam('status')).outcome.value as ContextStatus;
    assert.equal(status.namespace, 'ada');
    assert.equal(status.apps[0]?.release?.revision, 1);
    const local = (await workspace.vapp(['status'])).outcome.value as WorkspaceStatus;
    assert.equal(local.runtime.state, 'absent');
    assert.deepEqual(local.contexts, [team.access.context]);
    assert.deepEqual((await inTeam('logs', '--no-follow')).lines, ['for the team']);
  });

  it('touches no release that it has not made, and makes no namespace', async () => {
    await allow('nowhere');
    assertFailed(await inTeam('run', '--no-follow'), 'namespace-missing', 3);
    await allow('default');
    const { kubeconfig, context } = team.access;
    const chart = join(__dirname, '..', '..', 'templates', 'charts', 'vehicle-app');
    const theirs = ['install', APP, chart, '--kubeconfig', kubeconfig, '--kube-context', context];
    await tools.run('helm', [...theirs, '--set', 'image.repository=example.test/theirs', '--set', 'image.tag=theirs']);
    for (const command of [['run', '--no-follow'], ['uninstall']]) {
      const failure = assertFailed(await inTeam(...command), 'release-not-ours', 2);
      assert.equal(failure.range?.file, join(workspace.path, 'vapp.yaml'));
    }
  });

  it('is left as it was when the app is uninstalled', async () => {
    await allow('ada');
    assertDone(await inTeam('uninstall'));
    assert.equal((await kubectl('get', 'all,secrets', '--namespace', 'ada', '-o', 'name')).trim(), '');
  });

  it('is built for elsewhere, too, with steps from a registry where the builder has none', async () => {
    const registry = await TestRegistry.start(docker);
    try {
      await mirrorStandIn(docker, tools, 'busybox', registry.host);
      const cache = `${registry.host}/cache`;
      const withBuilder = async (work: (builder: RemoteBuilder) => Promise<void>) => {
        const builder = await RemoteBuilder.start(tools, docker, registry.host);
        try {
          await allow('ada', stringify({ build: { builder: builder.address, cacheFrom: [cache], cacheTo: cache } }));
          await work(builder);
        } finally {
          await builder.dispose();
        }
      };
      await withBuilder(async () => assert.deepEqual(await builtSteps(), ['done', 'done']));
      await withBuilder(async () => {
        assert.deepEqual(await builtSteps(), ['cached', 'cached']);
        const result = await inTeam('run', '--no-follow');
        assertDone(result);
        assert.ok(result.lines.includes('for the team'), result.lines.join('\n'));
      });
      const { stdout } = await tools.run('docker', ['buildx', 'ls']);
      assert.ok(!stdout.includes('vapp-'), stdout);
      const failure = assertFailed(await workspace.vapp(['build']), 'builder-unreachable', 3);
      assert.equal(failure.range?.start.line, 2);
    } finally {
      await registry.dispose();
    }
  });

  /** How each step that does something ended. */
  async function builtSteps(): Promise<string[]> {
    const result = await workspace.vapp(['build']);
    assertDone(result);
    const [image] = result.outcome.value as BuiltImage[];
    return (image?.steps ?? []).filter(({ name }) => !name.includes('FROM')).map(({ state }) => state);
  }

  async function localContainers(): Promise<string[]> {
    const { cluster: name } = ((await workspace.vapp(['status'])).outcome.value as WorkspaceStatus).runtime;
    const filters = { name: [name] };
    return (await docker.listContainers({ all: true, filters })).flatMap(({ Names }) => Names);
  }
});

function contextOf({ access, registry }: PlainRuntime, namespace: string) {
  return {
    name: access.context,
    registry: `${registry.push}/apps`,
    pullRegistry: `${registry.pull}/apps`,
    namespace,
  };
}

interface Kubeconfig {
  readonly clusters: unknown[];
  readonly contexts: unknown[];
  readonly users: unknown[];
}

/** As `k3d kubeconfig merge` does it, without choosing the context. */
async function addToUserKubeconfig(workspace: TestWorkspace, { kubeconfig }: ClusterAccess): Promise<void> {
  const file = join(workspace.home, '.kube', 'config');
  const [theirs, added] = (await Promise.all([file, kubeconfig].map((path) => readFile(path, 'utf8')))).map(
    (text) => parse(text) as Kubeconfig,
  );
  assert.ok(theirs && added);
  const merged = {
    ...theirs,
    clusters: [...theirs.clusters, ...added.clusters],
    contexts: [...theirs.contexts, ...added.contexts],
    users: [...theirs.users, ...added.users],
  };
  await writeFile(file, stringify(merged), { mode: 0o600 });
}
