import assert from 'node:assert/strict';
import { sleep } from '../../src/base';
import type { AppRun, WorkspaceStatus } from '../../src/run';
import { Toolbox } from '../../src/tools';
import { Dev } from './support/dev';
import { lightApp } from './support/light-app';
import { TestWorkspace, assertDone } from './support/workspace';

/** There is neither a shell nor anything else in this image, but one program that can read scripts. */
const DOCKERFILE = `FROM busybox AS tools
FROM scratch
COPY --from=tools /bin/busybox /busybox
USER 10001:10001
WORKDIR /srv/app
COPY app/src ./
CMD ["/busybox", "sh", "start.sh"]
`;

/** A wrapper that ends when it is told to, and leaves behind a worker that does not listen. */
function wrapper(version: string): string {
  return `I=/busybox
if $I test -e extra.txt; then echo "extra ${version}"; fi
(trap '' TERM; while $I sleep 0.1; do echo "beat ${version}"; done) &
trap 'exit 0' TERM
echo "version ${version}"
wait
`;
}

const APP = 'app/src/start.sh';
const SELECTOR = 'app.kubernetes.io/instance=live';

describe('vapp dev', function () {
  this.timeout(240_000);
  let workspace: TestWorkspace;
  let tools: Toolbox;
  let dev: Dev;

  before(async () => {
    workspace = await TestWorkspace.create('Lebende Änderung');
    tools = new Toolbox(workspace.environment());
    await workspace.write({
      ...lightApp({ name: 'Live', dockerfile: DOCKERFILE }),
      [APP]: wrapper('1'),
      'vapp.yaml': `apps:
  - liveUpdate: { stopSeconds: 1 }
    chart:
      values:
        securityContext: { readOnlyRootFilesystem: true }
        podSecurityContext: { runAsNonRoot: true }
`,
    });
    dev = new Dev(workspace);
  });

  after(async () => {
    await dev.kill();
    await workspace.dispose();
  });

  /** The old ones may take a while to end. */
  async function podsArePlain(): Promise<void> {
    while ((await commandOfPods()) !== '') await sleep(200);
  }

  const change = (content: string) => workspace.write({ [APP]: content });
  const status = async () => (await workspace.vapp(['status'])).outcome.value as WorkspaceStatus;

  async function kubectl(...args: string[]): Promise<string> {
    const { access } = (await status()).runtime;
    const named = ['--kubeconfig', access?.kubeconfig ?? '', '--context', access?.context ?? ''];
    return (await tools.run('kubectl', [...named, ...args])).stdout;
  }

  /** Kills the container's first process, as the kernel does that runs out of memory. */
  async function killContainer(): Promise<void> {
    const path = 'jsonpath={.items[0].status.containerStatuses[0].containerID}';
    const id = (await kubectl('get', 'pods', '--selector', SELECTOR, '-o', path)).replace('containerd://', '');
    const { runtime } = await status();
    const kill = ['ctr', '--namespace', 'k8s.io', 'tasks', 'kill', '--signal', 'SIGKILL', id];
    await tools.run('docker', ['exec', runtime.nodes[0]?.name ?? '', ...kill]);
  }

  async function commandOfPods(): Promise<string> {
    return kubectl('get', 'pods', '--selector', SELECTOR, '-o', 'jsonpath={.items[*].spec.containers[*].command}');
  }

  it('brings a saved file into the container, without shell, tar or a file system that can be written to', async () => {
    const pod = await dev.line('version 1');
    const settled = await dev.line('version 1').catch(() => pod);
    await change(wrapper('2'));
    const { files, pods } = await dev.told('live');
    assert.deepEqual([files, pods], [[APP], [settled]]);
    assert.equal(await dev.line('version 2'), settled);
    await dev.line('beat 2');
    const before = dev.lines().length;
    for (let beats = 0; beats < 5; beats += 1) await dev.line('beat 2');
    assert.deepEqual(
      dev
        .lines()
        .slice(before)
        .filter((line) => line === 'beat 1'),
      [],
      'the worker of the old version runs on',
    );
  });

  it('brings new files and takes removed ones away', async () => {
    await workspace.write({ 'app/src/extra.txt': '' });
    assert.deepEqual((await dev.told('live')).files, ['app/src/extra.txt']);
    await dev.line('extra 2');
    await dev.line('version 2');
    await workspace.remove('app/src/extra.txt');
    assert.deepEqual((await dev.told('live')).files, ['app/src/extra.txt']);
    await dev.line('version 2');
    assert.equal(dev.lines().filter((line) => line === 'extra 2').length, 1);
  });

  it('loses nothing when the container crashes, and nothing when the pod goes', async () => {
    await killContainer();
    await dev.line('version 2');
    await kubectl('delete', 'pods', '--selector', SELECTOR, '--wait=false');
    await dev.line('version 2');
    await change(wrapper('3'));
    await dev.told('live');
    await dev.line('version 3');
  });

  it('says why the app ends, and starts the mended one at once', async () => {
    await change('echo "cannot go on"\nexit 3\n');
    const warning = await dev.warning();
    assert.match(
      warning.message,
      /^live ended with exit code 3\. It is started again in 1 s, or with your next change\.$/,
    );
    assert.deepEqual(warning.explanation?.evidence, ['cannot go on']);
    await change(wrapper('4'));
    await dev.line('version 4');
  });

  it('builds an image where that is the only way, and says why', async () => {
    await workspace.write({ 'app/Dockerfile': `${DOCKERFILE}ENV A=b\n` });
    const { why, files } = await dev.told('image');
    assert.deepEqual([why, files], ['it says how the app is built or runs', ['app/Dockerfile']]);
    await dev.line('version 4');
    await workspace.write({ 'app/Dockerfile': `${DOCKERFILE}COPY app/missing ./\n` });
    await dev.told('image');
    const warning = await dev.warning();
    assert.equal(warning.explanation?.code, 'copy-source-missing');
    assert.match(warning.message, /What ran before runs on\.$/);
    await workspace.write({ 'app/Dockerfile': DOCKERFILE });
    await dev.line('version 4');
  });

  it('leaves the app as a clean build makes it', async () => {
    await change(wrapper('5'));
    await dev.line('version 5');
    assert.match(await commandOfPods(), /live-update/);
    assertDone(await dev.interrupt());
    await podsArePlain();
    const { outcome, events, ...rest } = await workspace.vapp(['run', '--no-follow']);
    assertDone({ outcome, events, ...rest });
    const [run] = outcome.value as AppRun[];
    assert.equal(run?.changed, false);
    assert.match(
      await kubectl('get', 'pods', '-o', 'jsonpath={.items[*].spec.containers[*].image}'),
      new RegExp(run.image),
    );
  });

  it('is tidied up by the next run when it was killed', async () => {
    dev = new Dev(workspace);
    await dev.line('version 5');
    await change(wrapper('6'));
    await dev.line('version 6');
    await dev.kill();
    assert.match(await commandOfPods(), /live-update/);
    assertDone(await workspace.vapp(['run', '--no-follow']));
    await podsArePlain();
    assert.equal(await kubectl('get', 'deployments', 'live', '-o', 'jsonpath={.spec.paused}'), '');
  });

  it('leaves the revision before as it was when it is interrupted at its start', async () => {
    await change(wrapper('7'));
    const result = await workspace.vapp(['dev'], {
      interruptWhen: (event) =>
        event.type === 'step' && event.step === 'deploy' && event.message?.startsWith('watching') === true,
    });
    assert.equal(result.outcome.status, 'cancelled', JSON.stringify(result.outcome));
    await podsArePlain();
    assert.equal(
      await kubectl('get', 'deployments', 'live', '-o', 'jsonpath={.spec.template.spec.initContainers}'),
      '',
    );
    const { lines } = await workspace.vapp(['logs', '--no-follow', '--tail', '5']);
    assert.deepEqual([...new Set(lines)], ['beat 6']);
  });
});
