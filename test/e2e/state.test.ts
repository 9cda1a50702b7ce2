import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { sleep } from '../../src/base';
import { Session, deleteWorkspace, judgesOf, runApps, startWorkspace, stopWorkspace } from '../../src/run';
import { WorkspaceWatch, type AppPicture, type PodPicture, type WorkspacePicture } from '../../src/state';
import { KubeApi, Reflector, ToolFailure, type ClusterAccess } from '../../src/tools';
import { stackEnvironment } from '../stack/environment';
import { CountingProxy } from './support/counting-proxy';
import { lightApp, saying } from './support/light-app';

const CHARTS = join(__dirname, '..', '..', 'templates', 'charts');
/** Longer than any change needs to arrive, milliseconds. */
const IDLE_MS = 4000;
const MISSING_VOLUME = JSON.stringify({
  spec: {
    template: {
      spec: {
        volumes: [{ name: 'settings', configMap: { name: 'nowhere' } }],
        containers: [{ name: 'app', volumeMounts: [{ name: 'settings', mountPath: '/settings' }] }],
      },
    },
  },
});

describe('the picture of a workspace', function () {
  this.timeout('4m');
  let base: string;
  let root: string;
  let engine: CountingProxy;
  let kubernetes: CountingProxy | undefined;
  /** Acts, as another process does. */
  let session: Session;
  let watch: WorkspaceWatch;
  const pictures: WorkspacePicture[] = [];
  const errors: unknown[] = [];
  let onPicture: () => void = () => undefined;

  before(async () => {
    base = await realpath(await mkdtemp(join(tmpdir(), 'vapp-state-')));
    root = join(base, 'Bild ö');
    await write({ ...lightApp(), 'runtime.json': '[{ "id": "mqtt-broker" }]' });
    const env: NodeJS.ProcessEnv = {
      ...(await stackEnvironment()),
      HOME: base,
      XDG_DATA_HOME: join(base, 'share', 'data'),
    };
    const socketPath = env['DOCKER_HOST']?.replace(/^unix:\/\//, '') ?? '/var/run/docker.sock';
    engine = new CountingProxy({ path: socketPath }, { path: join(base, 'engine.sock') });
    await engine.listen();
    session = await Session.open({ directory: root, env, chartsDirectory: CHARTS });
    const source = await Session.open({
      directory: root,
      env: { ...env, DOCKER_HOST: `unix://${join(base, 'engine.sock')}` },
      chartsDirectory: CHARTS,
    });
    watch = await WorkspaceWatch.open({
      source,
      dataDirectory: join(base, 'share', 'data', 'vscode-velocitas'),
      judgesOf,
      onChange: (picture) => {
        pictures.push(picture);
        onPicture();
      },
      onError: (error) => errors.push(error),
      openApi: openThroughProxy,
    });
  });

  after(async () => {
    await watch.dispose();
    await deleteWorkspace(session, () => undefined);
    await engine.cut();
    await kubernetes?.cut();
    await rm(base, { recursive: true, force: true });
  });

  afterEach(() => assert.deepEqual(errors, []));

  async function write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [file, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, file)), { recursive: true });
      await writeFile(join(root, file), text);
    }
  }

  async function openThroughProxy(access: ClusterAccess): Promise<KubeApi> {
    const text = await readFile(access.kubeconfig, 'utf8');
    const port = Number(/server: https:\/\/[^:]+:(\d+)/.exec(text)?.[1]);
    await kubernetes?.cut();
    kubernetes = new CountingProxy({ host: '127.0.0.1', port }, { host: '127.0.0.1', port: 0 });
    await kubernetes.listen();
    const kubeconfig = join(base, 'through-proxy.yaml');
    await writeFile(kubeconfig, text.replace(`:${port}`, `:${kubernetes.port}`), { mode: 0o600 });
    return KubeApi.open({ ...access, kubeconfig });
  }

  /** Waits for a picture that is as it should be; the present one counts. */
  async function until(description: string, isSo: (picture: WorkspacePicture) => boolean): Promise<WorkspacePicture> {
    const overdue = setTimeout(() => {
      console.error(`still waiting until ${description}:\n${JSON.stringify(watch.picture, undefined, 2)}`);
    }, 60_000);
    try {
      while (!isSo(watch.picture)) await new Promise<void>((resolve) => (onPicture = resolve));
      return watch.picture;
    } finally {
      clearTimeout(overdue);
    }
  }

  function theApp(picture = watch.picture): AppPicture {
    const [app] = picture.apps;
    assert.ok(app);
    return app;
  }

  /** The states that the runtime went through, each once in a row. */
  function history(from: number): string[] {
    const states = pictures.slice(from).map(({ runtime: { state, activity } }) => [state, activity].join(' ').trim());
    return states.filter((state, index) => state !== states[index - 1]);
  }

  async function runApp(): Promise<void> {
    const outcome = await runApps(session, { follow: 'first-line' }, () => undefined);
    assert.equal(outcome.status, 'done', JSON.stringify(outcome));
  }

  function kubectl(...args: string[]) {
    const { access } = watch.picture.runtime;
    assert.ok(access);
    const { kubeconfig, context } = access;
    return session.toolbox.run('kubectl', ['--kubeconfig', kubeconfig, '--context', context, ...args]);
  }

  const isServing = (picture: WorkspacePicture) => {
    const { release, pods } = theApp(picture);
    return release?.status === 'deployed' && pods.length === 1 && pods.every(({ ready }) => ready);
  };

  it('begins with the repository, and learns that there is no runtime', async () => {
    const { engine: docker, runtime, apps } = await until('absent', (picture) => picture.runtime.state === 'absent');
    assert.deepEqual(docker, { state: 'up' });
    assert.equal(runtime.followed, false);
    assert.deepEqual(runtime.services, []);
    assert.deepEqual(
      apps.map(({ name, release, pods }) => ({ name, release, pods })),
      [{ name: 'Prüf App', release: undefined, pods: [] }],
    );
  });

  it('sees the runtime start, and the app come up in it', async () => {
    const from = pictures.length;
    await runApp();
    const picture = await until('the app serves', isServing);
    await until('the broker is ready', ({ runtime }) => runtime.services.every(({ ready }) => ready === true));
    assert.deepEqual(
      history(from).filter((state) => state !== 'running starting'),
      ['absent starting', 'running'],
    );

    const { runtime } = watch.picture;
    assert.deepEqual(
      runtime.nodes.map(({ role, state, ready }) => ({ role, state, ready })),
      [{ role: 'server', state: 'running', ready: true }],
    );
    assert.match(runtime.registry?.push ?? '', /^localhost:\d+$/);
    assert.deepEqual(
      runtime.services.map(({ id, cluster }) => `${id} ${cluster ?? ''}`),
      ['mqtt-broker mqtt-broker:1883'],
    );
    assert.match(runtime.services[0]?.local ?? '', /^localhost:\d+$/);

    const app = theApp(picture);
    assert.equal(app.release?.revision, 1);
    assert.match(app.release.updated, /^\d{4}-.*Z$/);
    assert.match(app.image ?? '', /@sha256:[0-9a-f]{64}$/);
    const [pod] = app.pods;
    assert.equal(pod?.phase, 'Running');
    assert.deepEqual(
      pod.containers.map(({ kind, state, ready, restarts, image }) => ({ kind, state, ready, restarts, image })),
      [{ kind: 'main', state: 'running', ready: true, restarts: 0, image: app.image }],
    );
  });

  it('is sent no payload of Helm’s records', async () => {
    const { access } = watch.picture.runtime;
    assert.ok(access);
    const api = await KubeApi.open(access);
    const stop = new AbortController();
    const secrets = new Reflector(api, '/api/v1/namespaces/default/secrets', (secret) => secret as object, {
      query: { labelSelector: 'owner=helm' },
      metadataOnly: true,
    });
    try {
      await new Promise<void>((resolve, reject) => {
        secrets.follow(resolve, stop.signal).catch(reject);
      });
    } finally {
      stop.abort();
      api.close();
    }
    assert.ok(secrets.objects.size >= 2);
    for (const secret of secrets.objects.values()) assert.ok(!('data' in secret), JSON.stringify(secret));
  });

  it('asks for nothing while nothing changes', async () => {
    await sleep(IDLE_MS);
    const before = { engine: engine.sent, kubernetes: kubernetes?.sent, pictures: pictures.length };
    await sleep(IDLE_MS);
    assert.deepEqual({ engine: engine.sent, kubernetes: kubernetes?.sent, pictures: pictures.length }, before);
    assert.ok((kubernetes?.connections ?? 0) > 0);
  });

  it('shows a restart, and leaves all else the same object', async () => {
    const before = watch.picture;
    const [pod] = theApp().pods;
    // What kills its container may die with it.
    await kubectl('exec', pod?.name ?? '', '--', 'kill', '1').catch((error: unknown) => {
      if (!(error instanceof ToolFailure) || error.exitCode !== 137) throw error;
    });
    await until('it has restarted', (picture) => theApp(picture).pods[0]?.containers[0]?.restarts === 1);
    const after = await until('it serves again', isServing);
    assert.equal(theApp(after).pods[0]?.containers[0]?.exitCode, 0);
    assert.equal(after.runtime, before.runtime);
    assert.equal(theApp(after).release, theApp(before).release);
  });

  it('follows a new revision, from the old pod to the new one', async () => {
    const before = theApp();
    await write({ 'app/start.sh': saying('second') });
    await runApp();
    const after = theApp(await until('revision 2', (picture) => theApp(picture).release?.revision === 2));
    assert.notEqual(after.image, before.image);
    const { pods } = theApp(
      await until('the old pod is gone', (picture) => isServing(picture) && theApp(picture).pods.length === 1),
    );
    assert.notEqual(pods[0]?.name, before.pods[0]?.name);
  });

  it('says what only Kubernetes’ warnings tell of a pod', async () => {
    const { id } = theApp();
    await kubectl('patch', 'deployment', id, '--patch', MISSING_VOLUME);
    const isTold = ({ failure }: PodPicture) => failure?.code === 'volume-missing';
    const picture = await until('its volume is missing', (seen) => theApp(seen).pods.some(isTold));
    assert.match(theApp(picture).pods.find(isTold)?.failure?.evidence[0] ?? '', /FailedMount: .*"nowhere" not found/);
    await kubectl('rollout', 'undo', 'deployment', id);
    await until('it serves again', isServing);
  });

  it('says which Service leads nowhere', async () => {
    const { id } = theApp();
    const patch = (instance: string) => [
      ...['patch', 'service', id, '--patch'],
      JSON.stringify({ spec: { selector: { 'app.kubernetes.io/instance': instance } } }),
    ];
    await kubectl(...patch('nobody'));
    const { troubles } = theApp(await until('it is told', (picture) => theApp(picture).troubles.length > 0));
    assert.deepEqual(
      troubles.map(({ severity, failure }) => [severity, failure.code]),
      [['warning', 'service-without-pods']],
    );
    await kubectl(...patch(id));
    await until('all is well', (picture) => theApp(picture).troubles.length === 0);
  });

  it('says why an app does not stay up', async () => {
    await write({ 'app/start.sh': 'exit 3' });
    const outcome = await runApps(session, { follow: 'first-line' }, () => undefined);
    assert.equal(outcome.status, 'failed');
    const app = theApp(
      await until('it backs off', (picture) =>
        theApp(picture).pods.some(({ reason }) => reason === 'CrashLoopBackOff'),
      ),
    );
    const pod = app.pods.find(({ reason }) => reason === 'CrashLoopBackOff');
    assert.equal(pod?.failure?.code, 'app-exited');
    assert.equal(pod.containers[0]?.exitCode, 3);
    assert.ok(
      app.pods.some(({ ready }) => ready),
      'the revision before serves on',
    );
  });

  it('reads the files again when told to', async () => {
    await write({ 'vapp.yaml': 'apps:\n  - name: Anders\n    port: many\n' });
    await watch.refreshRepository();
    const picture = await until('there is a problem', ({ problems }) => problems.length > 0);
    assert.equal(picture.problems[0]?.range.file, join(root, 'vapp.yaml'));
    await rm(join(root, 'vapp.yaml'));
    await watch.refreshRepository();
    await until('there is none', ({ problems }) => problems.length === 0);
  });

  it('sees the runtime stop, and start again', async () => {
    let from = pictures.length;
    await stopWorkspace(session, () => undefined);
    const stopped = await until('stopped', ({ runtime }) => runtime.state === 'stopped' && !runtime.activity);
    assert.ok(history(from).includes('running stopping'), history(from).join(', '));
    assert.equal(stopped.runtime.followed, false);
    assert.deepEqual(theApp(stopped).pods, []);

    from = pictures.length;
    const outcome = await startWorkspace(session, () => undefined);
    assert.equal(outcome.status, 'done', JSON.stringify(outcome));
    const started = await until(
      'followed',
      ({ runtime }) => runtime.followed && runtime.nodes.every((node) => node.ready),
    );
    assert.equal(history(from)[0], 'stopped starting');
    assert.ok((theApp(started).release?.revision ?? 0) >= 3);
  });

  it('says that the engine is gone, and sees it come back', async () => {
    await engine.cut();
    const gone = await until('down', (picture) => picture.engine.state === 'down');
    assert.equal(gone.engine.failure?.code, 'docker-not-running');
    await until('unknown', ({ runtime }) => runtime.state === 'unknown' && !runtime.followed);
    assert.equal(theApp().name, 'Prüf App');
    await engine.listen();
    await until('followed', ({ runtime }) => runtime.state === 'running' && runtime.followed);
    assert.deepEqual(watch.picture.engine, { state: 'up' });
  });

  it('goes on when connections to Kubernetes break', async () => {
    const proxy = kubernetes;
    assert.ok(proxy);
    const { port } = proxy;
    await proxy.cut();
    const broken = new CountingProxy({ host: '127.0.0.1', port: await apiPort() }, { host: '127.0.0.1', port });
    await broken.listen();
    kubernetes = broken;
    const pod = theApp().pods.find(({ ready }) => ready);
    await kubectl('delete', 'pod', pod?.name ?? '', '--wait=false');
    await until('its pod is another one', (picture) => !theApp(picture).pods.some(({ name }) => name === pod?.name));
  });

  async function apiPort(): Promise<number> {
    const text = await readFile(watch.picture.runtime.access?.kubeconfig ?? '', 'utf8');
    return Number(/server: https:\/\/[^:]+:(\d+)/.exec(text)?.[1]);
  }

  it('sees what others do behind our back', async () => {
    const { cluster = '' } = watch.picture.runtime;
    await session.toolbox.run('docker', ['stop', '--time', '1', `k3d-${cluster}-registry`]);
    await until('stopped', ({ runtime }) => runtime.state === 'stopped');
    await session.toolbox.run('docker', ['start', `k3d-${cluster}-registry`]);
    await until('running', ({ runtime }) => runtime.state === 'running');
    const from = pictures.length;
    await session.toolbox.run('k3d', ['cluster', 'delete', cluster]);
    const absent = await until('absent', ({ runtime }) => runtime.state === 'absent');
    assert.ok(!history(from).some((state) => state.includes('deleting')));
    assert.deepEqual(theApp(absent).pods, []);
    assert.equal(theApp(absent).release, undefined);
  });

  it('leaves no connection behind', async () => {
    await watch.dispose();
    while (engine.connections + (kubernetes?.connections ?? 0) > 0) await sleep(100);
    const count = pictures.length;
    await deleteWorkspace(session, () => undefined);
    assert.equal(pictures.length, count);
  });
});
