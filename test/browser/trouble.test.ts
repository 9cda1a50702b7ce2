import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkspaceStatus } from '../../src/run';
import { dockerClient, Toolbox } from '../../src/tools';
import { lightApp, saying } from '../e2e/support/light-app';
import { SocketProxy } from '../e2e/support/socket-proxy';
import { TestWorkspace } from '../e2e/support/workspace';
import type { Person } from '../workbench/person';
import { Desk } from './desk';
import { processesOf } from './processes';

/** A first start brings everything up, on machines of any speed. */
const START_MS = 180_000;

/** `\u0007` rings, and `\u001b[2J` clears a terminal's screen. */
const NAME = 'Bell\u0007 and \u001b[2J screen';

interface List<T> {
  readonly items: readonly T[];
}
interface Deployment {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: { readonly selector: { readonly matchLabels: Readonly<Record<string, string>> } };
}
interface Node {
  readonly status: { readonly images: readonly { readonly names: readonly string[] }[] };
}

const isPause = (name: string) => /\bpause\b/.test(name);

const SERVING = / · 1\/1 ready/;

/** Twenty thousand lines a second. */
const FLOOD = `trap 'exit 0' TERM
echo ready
head -c 10000000 /dev/zero | tr '\\0' 'x'
echo
echo after the long line
while :; do seq 1 2000; sleep 0.1; done
`;

const OUR_PROGRAMS = /(^|\/)(docker|docker-buildx|helm|k3d|kubectl) /;

describe('trouble, as it is seen in the workbench', function () {
  this.timeout(2 * START_MS);
  let folder: string;
  let proxy: SocketProxy;
  let desk: Desk;
  let person: Person;

  before(async () => {
    const workspace = await TestWorkspace.create('Trouble');
    await workspace.write(lightApp({ name: NAME }));
    folder = await mkdtemp(join(tmpdir(), 'vapp-proxy-'));
    const engine = workspace.environment()['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';
    proxy = new SocketProxy(engine.replace('unix://', ''), join(folder, 'docker.sock'));
    await proxy.listen();
    desk = await Desk.open(workspace, { env: { DOCKER_HOST: `unix://${proxy.path}` } });
    person = await desk.sitDown();
    await person.untilWelcome(/There is no runtime yet/);
  });

  after(async () => {
    await proxy.die();
    await desk.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  afterEach(async function () {
    const { title = '', state } = this.currentTest ?? {};
    await person.takePicture(`trouble-${title.replaceAll(/\W+/g, '-')}${state === 'failed' ? '-failed' : ''}`);
  });

  /** The workspace's cluster, by another program than ours. */
  async function cluster() {
    const { runtime } = (await desk.workspace.vapp(['status'])).outcome.value as WorkspaceStatus;
    const tools = new Toolbox(desk.workspace.environment());
    const kubectl = async (...args: string[]): Promise<string> =>
      (await tools.run('kubectl', ['--kubeconfig', runtime.access?.kubeconfig ?? '', ...args])).stdout;
    return { runtime, docker: await dockerClient(tools), kubectl };
  }

  async function run(): Promise<void> {
    await person.command('Velocitas: Run App');
    await person.untilNotification(/^Running/);
    await person.noNotification(/^Running/);
  }

  it('shows control characters in a name, and does not obey them', async () => {
    await run();
    await person.row(/^Bell.*screen, .*1\/1 ready/, START_MS);
    await person.untilOutput(/ready/);
    const seen = [...(await person.rows()), await person.statusBar(), await person.output()].join('\n');
    // eslint-disable-next-line no-control-regex -- these are what is looked for
    assert.doesNotMatch(seen, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });

  it('says that there is no shell in a container', async () => {
    const { kubectl } = await cluster();
    const [deployment] = (
      JSON.parse(await kubectl('get', 'deployments', '-o', 'json')) as List<Deployment>
    ).items.filter(({ metadata }) => metadata.annotations['meta.helm.sh/release-name'] !== 'runtime-services');
    // The pause container of Kubernetes is one program and nothing else, and each node has it.
    const { items: nodes } = JSON.parse(await kubectl('get', 'nodes', '-o', 'json')) as List<Node>;
    const image = nodes.flatMap(({ status }) => status.images.flatMap(({ names }) => names)).find(isPause);
    assert.ok(deployment && image);
    const labels = Object.entries(deployment.spec.selector.matchLabels).map(([key, value]) => `${key}=${value}`);
    await kubectl('run', 'bare', '--image', image, '--image-pull-policy', 'Never', '--labels', labels.join());
    await person.row(/^Container bare, running/);
    await person.command('Velocitas: Open Terminal in Container');
    await person.choose('bare');
    await person.untilNotification(/The image of bare has no shell/);
    assert.equal(await person.page.locator('.part.panel .terminal-wrapper').count(), 0);
    await kubectl('delete', 'pod', 'bare', '--now');
    await person.noRow(/bare/);
    await person.closeNotifications();
  });

  it('stays usable under a flood of lines and a line of 10 MB', async () => {
    await desk.workspace.write({ 'app/start.sh': FLOOD });
    await run();
    await person.row(SERVING, START_MS);
    await person.untilOutput(/^\d{1,4}$/m);
    const offered = await person.offeredCommands('Velocitas: ');
    assert.ok(offered.includes('Velocitas: Stop Runtime'), offered.join('\n'));
    await person.changeLine('app/start.sh', 'seq 1 2000; sleep 0.1', 'echo quiet; sleep 10');
    await run();
    await person.row(SERVING, START_MS);
    await person.untilOutput(/quiet/);
  });

  it('says that Docker does not answer, and comes back with it', async () => {
    await proxy.die();
    await person.untilStatusBar(/Docker does not answer/);
    await person.untilWelcome(/Docker does not answer/);
    await person.takePicture('trouble-docker-away');
    await proxy.listen();
    await person.row(SERVING);
    await person.untilStatusBar(/screen r\d/);
  });

  it('goes on after the extension host was killed in the middle of a run', async () => {
    const { home } = desk.workspace;
    const hosts = async () =>
      (await processesOf(home)).filter(({ commandLine }) => commandLine.includes('--type=extensionHost'));
    const [host, ...others] = await hosts();
    assert.ok(host && others.length === 0);
    await desk.workspace.write(lightApp({ name: NAME, script: saying('the host was killed') }));
    await person.command('Velocitas: Run App');
    await person.untilNotification(/^Running/);
    process.kill(host.pid, 'SIGKILL');
    // The workbench starts another one by itself.
    await person.until('another extension host', async () => (await hosts()).find(({ pid }) => pid !== host.pid));
    await person.untilStatusBar(/screen r\d/, START_MS);
    await person.row(SERVING, START_MS);
    await run();
    await person.row(SERVING, START_MS);
    await person.untilOutput(/the host was killed/);
    await person.until('no program of the run that was killed', async () => {
      const left = (await processesOf(home)).filter(({ commandLine }) => OUR_PROGRAMS.test(commandLine));
      return left.length === 0 ? true : undefined;
    });
    await person.closeNotifications();
  });

  it('notices that somebody removed the cluster', async () => {
    const { runtime, docker } = await cluster();
    const containers = await docker.listContainers({ all: true });
    const ours = containers.filter(({ Names }) => Names.some((name) => name.includes(`k3d-${runtime.cluster}`)));
    assert.equal(ours.length, 2);
    for (const { Id } of ours) await docker.getContainer(Id).remove({ force: true, v: true });
    await person.untilWelcome(/There is no runtime yet/);
    await person.untilStatusBar(/runtime absent/);
    await run();
    await person.row(SERVING, START_MS);
  });
});
