import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { followLogs, type LogLine, type LogRequest } from '../../src/logs';
import { Toolbox, type ClusterAccess } from '../../src/tools';
import { stackEnvironment } from '../stack/environment';
import { FeedReader } from '../unit/logs/feed-reader';
import { mayFillDisk } from './support/raw-cluster';

const CLUSTER = 'vapp-test-logs';
const REGISTRY = `k3d-${CLUSTER}-registry`;
const NODE = `k3d-${CLUSTER}-server-0`;
const IMAGE = `${REGISTRY}:5000/busybox:1`;

/** Prints numbered lines as fast as the shell can. */
const printLines = (count: number) => `i=0; while [ $i -lt ${count} ]; do i=$((i+1)); echo "line $i"; done`;
/** Prints about a hundred numbered lines a second, on and on, and a last one when told to end. */
const TICKER = `trap 'echo "end $i"; exit 0' TERM; i=0; while :; do i=$((i+1)); echo "line $i"; sleep 0.01; done`;

describe('following logs on a real cluster', function () {
  this.timeout(240_000);
  let toolbox: Toolbox;
  let folder: string;
  let access: ClusterAccess;
  const readers: FeedReader[] = [];

  before(async () => {
    toolbox = new Toolbox(await stackEnvironment());
    folder = await mkdtemp(join(tmpdir(), 'vapp-logs-'));
    access = { kubeconfig: join(folder, 'kubeconfig'), context: `k3d-${CLUSTER}` };
    await deleteCluster();
    await toolbox.run('k3d', ['registry', 'create', `${CLUSTER}-registry`, '--port', '127.0.0.1:0', '--no-help']);
    await toolbox.run(
      'k3d',
      [
        ...['cluster', 'create', CLUSTER, '--no-lb', '--kubeconfig-update-default=false'],
        ...mayFillDisk(),
        ...['--image', 'rancher/k3s:v1.34.3-k3s1', '--registry-use', `${REGISTRY}:5000`],
      ],
      { env: k3dEnvironment() },
    );
    await writeKubeconfig();
    const { stdout } = await toolbox.run('docker', ['port', REGISTRY, '5000']);
    const pushed = `localhost:${/:(\d+)\s*$/m.exec(stdout)?.[1] ?? ''}/busybox:1`;
    await toolbox.run('docker', ['tag', 'busybox', pushed]);
    await toolbox.run('docker', ['push', '--quiet', pushed]);
    await toolbox.run('docker', ['rmi', pushed]);
    await kubectl(['wait', '--for=create', 'serviceaccount/default', '--timeout=60s']);
  });

  after(async () => {
    await deleteCluster();
    await rm(folder, { recursive: true });
  });

  afterEach(async () => {
    for (const reader of readers.splice(0)) await reader.cancel();
    await kubectl(['delete', 'pods', '--all', '--grace-period=0', '--force', '--wait=true']);
  });

  /** Keeps k3d away from the user's own kubeconfig, which it would clean up. */
  // k3d leaves files in its folder for temporary files.
  const k3dEnvironment = () => ({ KUBECONFIG: join(folder, 'kubeconfig-of-k3d'), TMPDIR: folder });

  async function deleteCluster(): Promise<void> {
    const env = k3dEnvironment();
    await toolbox.run('k3d', ['cluster', 'delete', CLUSTER], { env });
    await toolbox.run('k3d', ['registry', 'delete', REGISTRY], { env, acceptExitCodes: [1] });
  }

  async function writeKubeconfig(): Promise<void> {
    const { stdout } = await toolbox.run('k3d', ['kubeconfig', 'get', CLUSTER]);
    await writeFile(access.kubeconfig, stdout, { mode: 0o600 });
    await chmod(access.kubeconfig, 0o600);
  }

  async function kubectl(args: string[], stdin?: string): Promise<string> {
    const { kubeconfig, context } = access;
    const options = stdin === undefined ? {} : { stdin };
    const all = ['--kubeconfig', kubeconfig, '--context', context, ...args];
    return (await toolbox.run('kubectl', all, options)).stdout;
  }

  /** Creates a pod; every container is a shell script. */
  async function createPod(name: string, scripts: Record<string, string>, spec: object = {}): Promise<void> {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { app: name } },
      spec: { terminationGracePeriodSeconds: 10, containers: containersOf(scripts), ...spec },
    };
    await kubectl(['create', '-f', '-'], JSON.stringify(pod));
  }

  async function createDeployment(name: string, script: string, replicas = 1): Promise<void> {
    const labels = { app: name };
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { terminationGracePeriodSeconds: 10, containers: containersOf({ app: script }) },
        },
      },
    };
    await kubectl(['create', '-f', '-'], JSON.stringify(deployment));
  }

  async function readAll(request: Partial<LogRequest>): Promise<LogLine[]> {
    const reader = new FeedReader({ access, namespace: 'default', selectors: [], follow: false, ...request });
    assert.equal(await reader.done, undefined);
    return reader.logLines;
  }

  function follow(app: string): FeedReader {
    const reader = new FeedReader({ access, namespace: 'default', selectors: [`app=${app}`], follow: true });
    readers.push(reader);
    return reader;
  }

  /**
   * Texts of a container's lines as its runtime recorded them on the node, and whether the last one is whole. Starved
   * of processor time, containerd may close a container's pipe before it has read it to the end ("Failed to pipe stdout
   * of container …: file already closed"); its record then ends early, and often within a line (tag `P`, not `F`).
   */
  async function recorded(pod: string, container: string, restart = 0): Promise<{ texts: string[]; whole: boolean }> {
    const file = `/var/log/pods/default_${pod}_*/${container}/${restart}.log`;
    const { stdout } = await toolbox.run('docker', ['exec', NODE, 'sh', '-c', `cat ${file}`]);
    const records = stdout.trimEnd().split('\n');
    const texts = records.map((record) => record.replace(/^\S+ \S+ \S+ /, ''));
    return { texts, whole: / F /.test(records.at(-1) ?? '') };
  }

  /** Everything recorded of a container's numbered lines was delivered, and a torn last one is marked as such. */
  async function assertRecorded(reader: FeedReader, pod: string, container: string, restart = 0) {
    const { texts, whole } = await recorded(pod, container, restart);
    assert.deepEqual(textsOf(reader, container, restart), texts);
    const last = linesOf(reader, container, restart).at(-1);
    assert.equal(last?.unterminated, whole ? undefined : true);
    assertNumberedLines(linesOf(reader, container, restart));
  }

  const untilEnded = (reader: FeedReader, container: string, restart = 0) =>
    reader.until(() =>
      reader.events.some(
        (event) => event.type === 'ended' && event.container === container && event.restart === restart,
      ),
    );

  it('delivers every line of init, sidecar and main containers', async () => {
    const reader = follow('all');
    await createPod(
      'all',
      { app: printLines(20_000) },
      {
        restartPolicy: 'Never',
        initContainers: [
          ...containersOf({ init: printLines(2000) }),
          ...containersOf({ sidecar: TICKER }).map((container) => ({ ...container, restartPolicy: 'Always' })),
        ],
      },
    );
    await untilEnded(reader, 'app');
    await untilEnded(reader, 'sidecar');
    await assertRecorded(reader, 'all', 'init');
    await assertRecorded(reader, 'all', 'app');
    // More than the pipes that containerd might have closed too early can hold.
    assert.ok(textsOf(reader, 'app').length > 5000);
    const sidecar = textsOf(reader, 'sidecar');
    assertNumbered(sidecar.slice(0, -1), sidecar.length - 1);
    assert.equal(sidecar.at(-1), `end ${sidecar.length - 1}`);
    assert.deepEqual(reader.gaps, []);
  });

  it('delivers the last lines of a deleted pod', async () => {
    const reader = follow('deleted');
    await createPod('deleted', { app: TICKER });
    await reader.untilLines(100);
    await kubectl(['delete', 'pod', 'deleted']);
    await untilEnded(reader, 'app');
    assertEndedTicker(reader.lines);
    assert.deepEqual(reader.gaps, []);
  });

  it('delivers every line across a restart of the container', async () => {
    const reader = follow('restarted');
    await createPod('restarted', { app: `${printLines(5000)}; exit 3` });
    await untilEnded(reader, 'app', 1);
    // By now the kubelet has removed the record of the first start.
    assertNumberedLines(linesOf(reader, 'app', 0));
    await assertRecorded(reader, 'restarted', 'app', 1);
    const waiting = 'jsonpath={.status.containerStatuses[0].state.waiting.reason}=CrashLoopBackOff';
    await kubectl(['wait', `--for=${waiting}`, 'pod/restarted', '--timeout=60s']);
    const before = await readAll({ pods: ['restarted'], previous: true });
    assert.ok(before.length > 0);
    assert.deepEqual(before, linesOf(reader, 'app', before[0]?.restart));
    const first = reader.events.find((event) => event.type === 'ended');
    assert.deepEqual(first, {
      type: 'ended',
      pod: 'restarted',
      container: 'app',
      restart: 0,
      exitCode: 3,
      reason: 'Error',
    });
    assert.deepEqual(reader.gaps, []);
  });

  it('delivers every line across a time in which the node stands still', async () => {
    const reader = follow('paused');
    await createPod('paused', { app: TICKER });
    await reader.untilLines(200);
    await toolbox.run('docker', ['pause', NODE]);
    await new Promise((resolve) => setTimeout(resolve, 5000));
    await toolbox.run('docker', ['unpause', NODE]);
    await reader.untilLines(reader.lines.length + 500);
    await kubectl(['delete', 'pod', 'paused']);
    await untilEnded(reader, 'app');
    assertEndedTicker(reader.lines);
    assert.deepEqual(reader.gaps, []);
  });

  it('delivers every line of the old and the new pod across a stop and start of the cluster', async () => {
    const reader = follow('stopped');
    await createDeployment('stopped', TICKER);
    await reader.untilLines(200);
    // k3d drains its nodes before it stops them, so the pod ends in order and another one comes after the start.
    await toolbox.run('k3d', ['cluster', 'stop', CLUSTER], { env: k3dEnvironment() });
    await reader.until(() => reader.events.some(({ type }) => type === 'interrupted'));
    await toolbox.run('k3d', ['cluster', 'start', CLUSTER], { env: k3dEnvironment() });
    await writeKubeconfig();
    await reader.until(() => new Set(reader.logLines.map(({ podUid }) => podUid)).size === 2);
    await reader.untilLines(reader.lines.length + 200);
    const [old, replacement] = [...new Set(reader.logLines.map(({ podUid }) => podUid))].map((uid) =>
      reader.logLines.filter(({ podUid }) => podUid === uid).map(({ text }) => text),
    );
    assertEndedTicker(old!);
    assertNumbered(replacement!, replacement!.length);
    assertCameBack(reader);
    assert.deepEqual(reader.gaps, []);
    await kubectl(['delete', 'deployment', 'stopped', '--wait=true']);
  });

  it('delivers every line before and after a crash of the node', async () => {
    const reader = follow('crashed');
    await createPod('crashed', { app: TICKER });
    await reader.untilLines(200);
    await toolbox.run('docker', ['kill', NODE]);
    await reader.until(() => reader.events.some(({ type }) => type === 'interrupted'));
    await toolbox.run('docker', ['start', NODE]);
    await reader.until(() => textsOf(reader, 'app', 1).length >= 200);
    const earlier = (await kubectl(['logs', 'crashed', '--previous'])).trimEnd().split('\n');
    assert.deepEqual(textsOf(reader, 'app', 0), earlier);
    const later = textsOf(reader, 'app', 1);
    assertNumbered(later, later.length);
    assertCameBack(reader);
    assert.deepEqual(reader.gaps, []);
  });

  it('does not lose lines when nobody reads for a while', async () => {
    await createPod('slow', { app: `${printLines(200_000)}; sleep 1000` });
    let count = 0;
    let slept = false;
    for await (const events of followLogs({ access, namespace: 'default', selectors: ['app=slow'], follow: true })) {
      for (const event of events) {
        assert.notEqual(event.type, 'gap');
        if (event.type === 'line') assert.equal(event.line.text, `line ${(count += 1)}`);
      }
      if (count >= 1000 && !slept) await new Promise((resolve) => setTimeout(resolve, 3000));
      slept ||= count >= 1000;
      if (count === 200_000) break;
    }
    assert.equal(count, 200_000);
  });

  it('delivers every line of ten pods that write at the same time', async () => {
    const reader = follow('flood');
    await createDeployment('flood', `${printLines(2000)}; sleep 1000`, 10);
    await reader.untilLines(20_000);
    const uids = new Set(reader.logLines.map(({ podUid }) => podUid));
    assert.equal(uids.size, 10);
    for (const uid of uids) {
      const lines = reader.logLines.filter(({ podUid }) => podUid === uid);
      assertNumbered(
        lines.map(({ text }) => text),
        2000,
      );
    }
    assert.deepEqual(reader.gaps, []);
    await kubectl(['delete', 'deployment', 'flood', '--wait=true']);
  });

  it('without follow delivers what is there', async () => {
    await createPod('once', { app: printLines(3000) }, { restartPolicy: 'Never' });
    await kubectl(['wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/once', '--timeout=60s']);
    const lines = await readAll({ selectors: ['app=once'] });
    assert.deepEqual(
      lines.map(({ text }) => text),
      (await recorded('once', 'app')).texts,
    );
  });
});

function containersOf(scripts: Record<string, string>): object[] {
  return Object.entries(scripts).map(([name, script]) => ({ name, image: IMAGE, command: ['sh', '-c', script] }));
}

function linesOf(reader: FeedReader, container: string, restart = 0): LogLine[] {
  return reader.logLines.filter((line) => line.container === container && line.restart === restart);
}

function textsOf(reader: FeedReader, container: string, restart = 0): string[] {
  return linesOf(reader, container, restart).map(({ text }) => text);
}

/** The feed told that the API was away and, at last, that it is back. */
function assertCameBack(reader: FeedReader): void {
  const told = reader.events.map(({ type }) => type).filter((type) => type === 'interrupted' || type === 'resumed');
  assert.deepEqual([told[0], told.at(-1)], ['interrupted', 'resumed']);
}

function assertNumbered(texts: readonly string[], count: number): void {
  const wrong = texts.findIndex((text, index) => text !== `line ${index + 1}`);
  assert.equal(wrong, -1, `line ${wrong + 1} is ${texts[wrong] ?? ''}, after ${texts[wrong - 1] ?? 'nothing'}`);
  assert.equal(texts.length, count);
}

/** Numbered without a hole; only the last line may be torn, if that is what it says of itself. */
function assertNumberedLines(lines: readonly LogLine[]): void {
  const whole = lines.filter(({ unterminated }, index) => !unterminated || index < lines.length - 1);
  assertNumbered(
    whole.map(({ text }) => text),
    whole.length,
  );
}

function assertEndedTicker(texts: readonly string[]): void {
  assertNumbered(texts.slice(0, -1), texts.length - 1);
  assert.equal(texts.at(-1), `end ${texts.length - 1}`);
}
