import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sinon from 'sinon';
import { Failure, orCancelled, sleep, type PodSurroundings } from '../../../src/base';
import type { AppJudges } from '../../../src/deploy';
import type { Repository } from '../../../src/project';
import { clusterName, type RuntimeStatus } from '../../../src/runtime';
import {
  WorkspaceWatch,
  type AppPicture,
  type ClusterApi,
  type WorkspacePicture,
  type WorkspaceWatchOptions,
} from '../../../src/state';
import {
  FakeCluster,
  FakeEngine,
  GONE,
  UNREACHABLE,
  absent,
  app,
  deployment,
  judges,
  node,
  notThere,
  pod,
  problem,
  repository,
  revision,
  running,
  warning,
} from './fakes';

const PODS = '/api/v1/namespaces/default/pods';
const SECRETS = '/api/v1/namespaces/default/secrets';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const NODES = '/api/v1/nodes';
const EVENTS = '/api/v1/namespaces/default/events';
const SERVICES = '/api/v1/namespaces/default/services';
/** Nodes, and of one namespace pods, warnings, Services, revisions and four kinds of workloads. */
const WATCHES = 9;

describe('a watched workspace', () => {
  let root: string;
  let cluster: string;
  let kubernetes: FakeCluster;
  let engine: FakeEngine;
  let files: () => Repository;
  let status: RuntimeStatus;
  let looks: number;
  let answers: boolean;
  let pictures: WorkspacePicture[];
  let errors: unknown[];
  let onPicture: () => void;
  let watch: WorkspaceWatch | undefined;

  beforeEach(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'vapp-state-')));
    cluster = clusterName(root);
    kubernetes = new FakeCluster();
    engine = new FakeEngine();
    files = () => repository(root);
    status = running(cluster);
    looks = 0;
    answers = true;
    pictures = [];
    errors = [];
    onPicture = () => undefined;
    kubernetes.put(NODES, node(`k3d-${cluster}-server-0`));
    kubernetes.put(DEPLOYMENTS, deployment('web', 'my-app', 'registry.vapp.internal:5000/my-app@sha256:1'));
    kubernetes.put(DEPLOYMENTS, deployment('mqtt-broker', 'runtime-services', 'mosquitto@sha256:2'));
    kubernetes.put(SECRETS, revision('my-app', 9, 'superseded'));
    kubernetes.put(SECRETS, revision('my-app', 10, 'deployed'));
    kubernetes.put(PODS, pod('web-1', 'web'));
    kubernetes.put(PODS, pod('broker-1', 'mqtt-broker'));
  });

  afterEach(async () => {
    await watch?.dispose();
    watch = undefined;
    await rm(root, { recursive: true, force: true });
    assert.deepEqual(errors, []);
  });

  async function open(options: Partial<WorkspaceWatchOptions> = {}): Promise<WorkspaceWatch> {
    watch = await WorkspaceWatch.open({
      source: {
        root,
        identity: root,
        toolbox: { path: () => Promise.resolve('/usr/bin/docker') },
        read: () => Promise.resolve().then(files),
        docker: () => Promise.resolve(engine),
        runtime: () =>
          Promise.resolve({
            status: (signal) => {
              looks += 1;
              return answers ? Promise.resolve(status) : orCancelled(new Promise<never>(() => undefined), signal);
            },
          }),
      },
      dataDirectory: join(root, 'data'),
      onChange: (picture) => {
        pictures.push(picture);
        onPicture();
      },
      onError: (error) => errors.push(error),
      openApi: () => Promise.resolve(kubernetes),
      ...options,
    });
    return watch;
  }

  async function until(isSo: (picture: WorkspacePicture) => boolean): Promise<WorkspacePicture> {
    for (;;) {
      const { picture } = watch!;
      if (isSo(picture)) return picture;
      await new Promise<void>((resolve) => (onPicture = resolve));
    }
  }

  const followed = () => until(({ runtime }) => runtime.followed);
  const theApp = (picture = watch!.picture): AppPicture => picture.apps[0]!;
  const containerEvent = (Action: string) => ({
    Type: 'container',
    Action,
    Actor: { ID: 'abc', Attributes: { 'k3d.cluster': cluster, name: `k3d-${cluster}-server-0` } },
  });

  it('begins with the files, before anything else is known', async () => {
    const { picture } = await open();
    assert.deepEqual(picture.engine, { state: 'unknown' });
    assert.equal(picture.runtime.state, 'unknown');
    assert.equal(picture.runtime.cluster, cluster);
    assert.equal(theApp(picture).name, 'My App');
  });

  it('is drawn from engine, cluster and files', async () => {
    await open();
    const { runtime, engine: docker } = await followed();
    assert.deepEqual(docker, { state: 'up' });
    assert.deepEqual(runtime, {
      cluster,
      state: 'running',
      access: running(cluster).access,
      followed: true,
      nodes: [{ name: `k3d-${cluster}-server-0`, role: 'server', state: 'running', ready: true }],
      registry: { push: 'localhost:20001', pull: 'registry.vapp.internal:5000' },
      services: [{ id: 'mqtt-broker', cluster: 'mqtt-broker:1883', local: 'localhost:31883', ready: true }],
    });
    assert.deepEqual(theApp(), {
      id: 'my-app',
      name: 'My App',
      namespace: 'default',
      files: { dockerfile: `${root}/app/Dockerfile` },
      problems: [],
      release: { revision: 10, status: 'deployed', updated: '2026-01-02T03:04:05Z', chart: 'vehicle-app-0.1.0' },
      image: 'registry.vapp.internal:5000/my-app@sha256:1',
      workloads: [{ kind: 'Deployment', name: 'web', ready: 1, wanted: 1 }],
      pods: [
        {
          name: 'web-1',
          phase: 'Running',
          ready: true,
          deleting: false,
          createdAt: '2026-01-02T03:04:05Z',
          containers: [
            { name: 'app', kind: 'main', state: 'running', ready: true, restarts: 0, image: 'image@sha256:1' },
          ],
        },
      ],
      troubles: [],
    });
  });

  it('asks for metadata of Helm’s Secrets only, and for nothing twice', async () => {
    const headers: unknown[] = [];
    const api: ClusterApi = {
      list: (path, _query, _signal, given) => {
        if (path === SECRETS) headers.push(given);
        return kubernetes.list(path);
      },
      watch: (path, query, onEvent, signal) => kubernetes.watch(path, query, onEvent, signal),
      close: () => kubernetes.close(),
    };
    await open({ openApi: () => Promise.resolve(api) });
    await followed();
    assert.deepEqual(headers, [{ accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' }]);
    assert.equal(new Set(kubernetes.requests).size, kubernetes.requests.length);
    assert.equal(kubernetes.requests.length, 2 * WATCHES);
  });

  it('tells a burst of changes as one, however many pods there are', async () => {
    await open();
    await followed();
    const before = pictures.length;
    for (let round = 1; round <= 20; round += 1) {
      for (let index = 0; index < 150; index += 1) {
        kubernetes.put(
          PODS,
          pod(`many-${index}`, 'web', { ready: false, restarts: round, waiting: 'CrashLoopBackOff' }),
        );
      }
    }
    await until((picture) => theApp(picture).pods.length === 151);
    assert.equal(pictures.length, before + 1);
    const crashing = theApp().pods.find(({ name }) => name === 'many-7');
    assert.equal(crashing?.reason, 'CrashLoopBackOff');
    assert.deepEqual(crashing.containers, [
      {
        name: 'app',
        kind: 'main',
        state: 'waiting',
        ready: false,
        restarts: 20,
        reason: 'CrashLoopBackOff',
        exitCode: 3,
        exitReason: 'Error',
        image: 'image@sha256:1',
      },
    ]);
  });

  it('tells nothing of changes that nobody sees', async () => {
    await open();
    await followed();
    const before = pictures.length;
    kubernetes.put(PODS, pod('web-1', 'web', { noise: 'another' }));
    kubernetes.put(PODS, pod('stranger', 'somebody-else'));
    kubernetes.put(SECRETS, revision('another-release', 3, 'deployed'));
    kubernetes.bookmark(PODS);
    engine.say(containerEvent('start'));
    // Longer than a burst: had one of these been visible, it would have been told by now.
    await sleep(150);
    assert.equal(pictures.length, before);
    kubernetes.put(PODS, pod('web-1', 'web', { restarts: 1 }));
    await until((picture) => theApp(picture).pods[0]?.containers[0]?.restarts === 1);
    assert.equal(pictures.length, before + 1);
  });

  it('keeps the objects of what is the same', async () => {
    kubernetes.put(PODS, pod('web-2', 'web'));
    await open();
    const before = await followed();
    kubernetes.put(PODS, pod('web-0', 'web'));
    const after = await until((picture) => theApp(picture).pods.length === 3);
    assert.notEqual(after, before);
    assert.equal(after.runtime, before.runtime);
    assert.equal(theApp(after).pods[2], theApp(before).pods[1]);
    assert.equal(theApp(after).release, theApp(before).release);
  });

  it('follows revisions and pods as they come and go', async () => {
    await open();
    await followed();
    kubernetes.put(SECRETS, revision('my-app', 11, 'pending-upgrade'));
    await until((picture) => theApp(picture).release?.status === 'pending-upgrade');
    kubernetes.put(SECRETS, revision('my-app', 11, 'deployed'));
    kubernetes.remove(PODS, 'web-1');
    const { release, pods } = theApp(await until((picture) => theApp(picture).pods.length === 0));
    assert.deepEqual([release?.revision, release?.status, pods.length], [11, 'deployed', 0]);
    for (const number of [9, 10, 11]) kubernetes.remove(SECRETS, `sh.helm.release.v1.my-app.v${number}`);
    await until((picture) => theApp(picture).release === undefined);
  });

  it('shows why a pod is given up', async () => {
    const failure = new Failure({ code: 'app-exited', fault: 'app', summary: 'It ends.' });
    await open({ judgesOf: () => judges({ judge: () => failure }) });
    await followed();
    assert.equal(theApp().pods[0]?.failure, undefined);
    kubernetes.put(PODS, pod('web-1', 'web', { ready: false, waiting: 'CrashLoopBackOff' }));
    await until((picture) => theApp(picture).pods[0]?.failure === failure);
  });

  it('judges a pod by what Kubernetes warns of it, and anew only when one of the two has changed', async () => {
    const judged: [string, PodSurroundings | undefined][] = [];
    const judge: AppJudges['judge'] = (object, surroundings) => {
      judged.push([(object as { metadata: { name: string } }).metadata.name, surroundings]);
      const last = surroundings?.warnings?.at(-1)?.message;
      return last === undefined ? undefined : new Failure({ code: 'warned', fault: 'app', summary: last });
    };
    for (let index = 0; index < 150; index += 1) kubernetes.put(PODS, pod(`many-${index}`, 'web', { ready: false }));
    kubernetes.put(EVENTS, warning('old', 'many-7', 'no volume', '2026-01-02T03:04:06Z'));
    await open({ judgesOf: () => judges({ judge }) });
    await followed();
    const failureOf = (name: string) => theApp().pods.find((candidate) => candidate.name === name)?.failure?.summary;
    assert.equal(failureOf('many-7'), 'no volume');
    assert.equal(judged.length, 150);

    kubernetes.put(EVENTS, warning('new', 'many-7', 'no volume at all', '2026-01-02T03:04:08Z'));
    kubernetes.put(EVENTS, warning('between', 'many-7', 'still none', '2026-01-02T03:04:07Z'));
    await until(() => failureOf('many-7') === 'no volume at all');
    assert.deepEqual(
      judged.slice(150).map(([name, more]) => [name, more?.warnings?.length]),
      [['many-7', 3]],
    );
    kubernetes.put(PODS, pod('many-7', 'web'));
    await until(() => failureOf('many-7') === undefined);
    assert.equal(judged.length, 151);
  });

  it('looks at no pod and no Service anew for a change of another pod', async () => {
    const judged: string[] = [];
    const failure = () => new Failure({ code: 'late', fault: 'app', summary: 'Late.' });
    const judge: AppJudges['judge'] = (object) => {
      judged.push((object as { metadata: { name: string } }).metadata.name);
      return failure();
    };
    const serviceJudge: AppJudges['serviceJudge'] = (service) => {
      judged.push((service as { metadata: { name: string } }).metadata.name);
      return undefined;
    };
    for (let index = 0; index < 150; index += 1) kubernetes.put(PODS, pod(`many-${index}`, 'web', { ready: false }));
    const { annotations } = deployment('web', 'my-app', '').metadata;
    kubernetes.put(SERVICES, { metadata: { name: 'front', namespace: 'default', annotations }, spec: {} });
    await open({ judgesOf: () => judges({ judge, serviceJudge }) });
    const before = await followed();
    judged.length = 0;
    kubernetes.put(PODS, pod('many-7', 'web', { ready: false, restarts: 1 }));
    const after = await until((picture) =>
      theApp(picture).pods.some(({ containers }) => containers[0]?.restarts === 1),
    );
    assert.deepEqual(judged, ['many-7']);
    const changed = theApp(after).pods.filter((one, index) => one !== theApp(before).pods[index]);
    assert.deepEqual(
      changed.map(({ name }) => name),
      ['many-7'],
    );
    kubernetes.put(PODS, pod('many-8', 'web', { ready: true }));
    await until((picture) => theApp(picture).pods.some(({ name, ready }) => name === 'many-8' && ready));
    assert.deepEqual(judged, ['many-7', 'front']);
  });

  it('is told by the judge that time is up, although nothing happens', async () => {
    const since = new Date(Date.now() - 119_500).toISOString();
    kubernetes.put(PODS, pod('web-1', 'web', { ready: false, since }));
    const failure = new Failure({ code: 'late', fault: 'app', summary: 'Late.' });
    await open({ judgesOf: () => judges({ judge: (_pod, more) => (more?.timeUp ? failure : undefined) }) });
    await followed();
    assert.equal(theApp().pods[0]?.failure, undefined);
    await until((picture) => theApp(picture).pods[0]?.failure === failure);
  });

  it('shows a Service that leads nowhere, while the app serves', async () => {
    const failure = new Failure({ code: 'service-without-pods', fault: 'app', summary: 'It leads nowhere.' });
    const asked: unknown[] = [];
    const serviceJudge: AppJudges['serviceJudge'] = (service, pods) => {
      asked.push([service, pods.map((object) => (object as { metadata: { name: string } }).metadata.name)]);
      return { failure, field: [] };
    };
    await open({ judgesOf: () => judges({ serviceJudge }) });
    await followed();
    const { annotations } = deployment('web', 'my-app', '').metadata;
    const metadata = { name: 'front', namespace: 'default', annotations };
    kubernetes.put(SERVICES, { metadata, spec: { selector: { app: 'web' } } });
    kubernetes.put(SERVICES, { metadata: { ...metadata, name: 'strange', annotations: {} } });
    await until((picture) => theApp(picture).troubles.length > 0);
    assert.deepEqual(theApp().troubles, [{ severity: 'warning', failure }]);
    const front = { kind: 'Service', metadata: { name: 'front' }, spec: { selector: { app: 'web' } } };
    assert.deepEqual(asked[0], [front, ['web-1', 'broker-1']]);
    kubernetes.put(DEPLOYMENTS, deployment('web', 'my-app', 'image@sha256:1', 0));
    await until((picture) => theApp(picture).troubles.length === 0);
  });

  it('shows why pods cannot be created', async () => {
    const refusal: AppJudges['refusal'] = (owner, [first]) =>
      new Failure({ code: 'pod-refused', fault: 'app', summary: `${owner}: ${first?.reason}: ${first?.message}` });
    const { status: state, ...rest } = deployment('web', 'my-app', 'image@sha256:1', 0);
    const conditions = [{ type: 'ReplicaFailure', status: 'True', message: 'exceeded quota' }];
    kubernetes.put(DEPLOYMENTS, { ...rest, status: { ...(state as object), conditions } });
    await open({ judgesOf: () => judges({ refusal }) });
    const [trouble] = theApp(await followed()).troubles;
    assert.equal(trouble?.severity, 'error');
    assert.equal(trouble.failure.summary, 'Deployment web: FailedCreate: exceeded quota');
  });

  for (const [how, error, lists] of [
    ['the server ended', undefined, WATCHES],
    ['broke', UNREACHABLE, WATCHES],
    ['can go on from no point the server knows', GONE, 2 * WATCHES],
  ] as const) {
    it(`takes up watches that ${how}`, async () => {
      await open();
      await followed();
      kubernetes.breakWatches(error);
      while (kubernetes.watching < WATCHES) await sleep(5);
      kubernetes.put(PODS, pod('web-2', 'web'));
      await until((picture) => theApp(picture).pods.length === 2);
      assert.equal(kubernetes.requests.filter((request) => request.startsWith('list')).length, lists);
      assert.ok(
        pictures.every(
          ({ runtime }, index) => index === 0 || !pictures[index - 1]!.runtime.followed || runtime.followed,
        ),
      );
    });
  }

  it('says why a cluster cannot be followed, and tries again with a new connection', async () => {
    kubernetes.refusal = UNREACHABLE;
    let opened = 0;
    await open({
      openApi: () => {
        opened += 1;
        return opened === 1 ? Promise.reject(UNREACHABLE) : Promise.resolve(kubernetes);
      },
    });
    const { runtime } = await until((picture) => picture.runtime.failure !== undefined);
    assert.equal(runtime.failure, UNREACHABLE);
    assert.equal(runtime.state, 'running');
    assert.equal(runtime.nodes[0]?.ready, undefined);
    kubernetes.refusal = undefined;
    await followed();
    assert.equal(watch!.picture.runtime.failure, undefined);
  });

  it('ends its watches when the runtime stops, and begins them when it starts', async () => {
    await open();
    await followed();
    status = { ...running(cluster), state: 'stopped' };
    engine.say(containerEvent('die'));
    const stopped = await until(({ runtime }) => runtime.state === 'stopped');
    assert.equal(stopped.runtime.followed, false);
    assert.deepEqual(theApp(stopped).pods, []);
    assert.equal(kubernetes.watching, 0);
    assert.equal(kubernetes.closed, 1);
    status = absent(cluster);
    engine.say(containerEvent('destroy'));
    assert.deepEqual((await until(({ runtime }) => runtime.state === 'absent')).runtime.services, []);
    status = running(cluster);
    engine.say({ Type: 'volume', Action: 'create', Actor: { ID: `k3d-${cluster}-complete`, Attributes: {} } });
    await followed();
  });

  it('does not look at the engine for what others do there', async () => {
    await open();
    await followed();
    const before = looks;
    engine.say({ Type: 'container', Action: 'start', Actor: { ID: 'x', Attributes: { 'k3d.cluster': 'other' } } });
    engine.say({ Type: 'volume', Action: 'create', Actor: { ID: 'other' } });
    status = absent(cluster);
    engine.say(containerEvent('destroy'));
    await until(({ runtime }) => runtime.state === 'absent');
    assert.equal(looks, before + 1);
  });

  it('knows nothing of the runtime while the engine is away', async () => {
    engine.refusal = notThere();
    await open();
    const { engine: docker, runtime, apps } = await until((picture) => picture.engine.state === 'down');
    assert.equal(docker.failure?.code, 'docker-not-running');
    assert.equal(runtime.state, 'unknown');
    assert.equal(runtime.failure?.code, 'docker-not-running');
    assert.equal(apps.length, 1);
    assert.equal(looks, 0);
  });

  it('says how to get a kubeconfig that is not there', async () => {
    const { access, ...rest } = running(cluster);
    status = rest;
    await open();
    const { runtime } = await until((picture) => picture.runtime.state === 'running');
    assert.equal(runtime.failure?.code, 'kubeconfig-missing');
    status = { ...rest, ...(access ? { access } : {}) };
    await mkdir(join(root, 'data', `${cluster}.lock`), { recursive: true });
    await followed();
  });

  describe('of which somebody else makes use', () => {
    const tell = async (activity: string) => {
      await mkdir(join(root, 'data', `${cluster}.lock`), { recursive: true });
      await writeFile(join(root, 'data', `${cluster}.activity`), `${activity}\n`);
    };
    const end = async () => {
      await rm(join(root, 'data', `${cluster}.activity`));
      await rm(join(root, 'data', `${cluster}.lock`), { recursive: true });
    };

    it('shows what is being done', async () => {
      status = absent(cluster);
      await open();
      await until(({ runtime }) => runtime.state === 'absent');
      await tell('starting');
      await until(({ runtime }) => runtime.activity === 'starting');
      status = running(cluster);
      engine.say(containerEvent('start'));
      await until(({ runtime }) => runtime.state === 'running');
      // Its Kubernetes is still coming up.
      assert.equal(kubernetes.requests.length, 0);
      await end();
      assert.equal((await followed()).runtime.activity, undefined);
      await tell('deleting');
      await until(({ runtime }) => runtime.activity === 'deleting');
    });

    it('shows who waits for the engine, and no trouble with it', async () => {
      engine.refusal = notThere();
      const name = `${cluster}.background`;
      await mkdir(join(root, 'data', `${name}.lock`), { recursive: true });
      await writeFile(join(root, 'data', `${name}.activity`), 'starting\n');
      await open();
      const { runtime } = await until((picture) => picture.engine.state === 'down');
      assert.equal(runtime.activity, 'starting');
      assert.equal(runtime.failure, undefined);
      await rm(join(root, 'data', `${name}.activity`));
      const alone = await until((picture) => picture.runtime.activity === undefined);
      assert.equal(alone.runtime.failure?.code, 'docker-not-running');
    });

    it('shows no state of before when it is done', async () => {
      status = absent(cluster);
      await tell('starting');
      await open();
      await until(({ runtime }) => runtime.state === 'absent' && runtime.activity === 'starting');
      const from = pictures.length;
      status = running(cluster);
      await end();
      await followed();
      assert.ok(pictures.slice(from).every(({ runtime }) => runtime.state === 'running'));
    });

    it('does not believe the dead', async () => {
      await tell('stopping');
      const long = new Date(Date.now() - 60_000);
      await utimes(join(root, 'data', `${cluster}.lock`), long, long);
      await open();
      assert.equal((await followed()).runtime.activity, undefined);
    });

    it('stops to believe who dies', async () => {
      await tell('stopping');
      const almost = new Date(Date.now() - 4_500);
      await utimes(join(root, 'data', `${cluster}.lock`), almost, almost);
      await open();
      await until(({ runtime }) => runtime.activity === 'stopping');
      await until(({ runtime }) => runtime.activity === undefined);
    });
  });

  describe('whose files change', () => {
    it('shows what they say when told to read them', async () => {
      await open();
      await followed();
      const ours = problem(`${root}/app/Dockerfile`);
      files = () => repository(root, { problems: [ours, problem(`${root}/vapp.yaml`)] });
      await watch!.refreshRepository();
      const picture = await until(({ problems }) => problems.length === 2);
      assert.deepEqual(theApp(picture).problems, [ours]);
    });

    it('follows the namespaces of its apps', async () => {
      await open();
      await followed();
      files = () => repository(root, { apps: [app(root), app(root, { id: 'second', namespace: 'elsewhere' })] });
      await watch!.refreshRepository();
      await until(({ apps, runtime }) => apps.length === 2 && runtime.followed);
      assert.ok(kubernetes.requests.includes('watch /api/v1/namespaces/elsewhere/pods'));
      assert.equal(kubernetes.watching, 2 * WATCHES - 1);
    });

    it('keeps what it knew when they cannot be read any more, and says so', async () => {
      await open();
      await followed();
      const failure = new Failure({ code: 'repository-not-found', fault: 'usage', summary: 'gone' });
      files = () => {
        throw failure;
      };
      await watch!.refreshRepository();
      const picture = await until((current) => current.failure === failure);
      assert.equal(picture.apps.length, 1);
      files = () => repository(root);
      await watch!.refreshRepository();
      await until((current) => current.failure === undefined);
    });

    it('is a picture even if they never could be read', async () => {
      files = () => {
        throw new Failure({ code: 'repository-not-found', fault: 'usage', summary: 'none' });
      };
      await open();
      const picture = await until(({ engine: docker }) => docker.state === 'up');
      assert.equal(picture.failure?.code, 'repository-not-found');
      assert.equal(picture.runtime.state, 'unknown');
      files = () => repository(root);
      await watch!.refreshRepository();
      await followed();
    });
  });

  describe('whose engine answers with an error, or not at all', () => {
    let clock: sinon.SinonFakeTimers;
    beforeEach(() => (clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })));
    afterEach(() => clock.restore());

    const unknown = (code: string): RuntimeStatus => ({
      ...absent(cluster),
      state: 'unknown',
      failure: new Failure({ code, fault: 'environment', summary: 'no' }),
    });

    it('looks again now and then, until it knows', async () => {
      status = unknown('docker-error');
      await open();
      const seen: number[] = [];
      for (let second = 0; second < 100; second += 1) {
        await clock.tickAsync(second === 0 ? 500 : 1000);
        if (looks > seen.length) seen.push(second);
      }
      assert.deepEqual(seen, [0, 5, 15, 35, 65, 95]);
      assert.equal(watch!.picture.runtime.failure?.code, 'docker-error');
      status = absent(cluster);
      await clock.tickAsync(31_000);
      assert.equal(watch!.picture.runtime.state, 'absent');
      const before = looks;
      await clock.tickAsync(300_000);
      assert.equal(looks, before);
    });

    it('does not ask whether a name is still taken', async () => {
      status = unknown('runtime-name-taken');
      await open();
      await clock.tickAsync(300_000);
      assert.equal(looks, 1);
      status = absent(cluster);
      engine.say(containerEvent('destroy'));
      for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      await clock.tickAsync(100);
      assert.equal(watch!.picture.runtime.state, 'absent');
    });

    it('does not wait for ever', async () => {
      answers = false;
      await open();
      await clock.tickAsync(21_000);
      const { runtime } = watch!.picture;
      assert.deepEqual([runtime.state, runtime.failure?.code], ['unknown', 'docker-not-running']);
      answers = true;
      await clock.tickAsync(6000);
      assert.equal(watch!.picture.runtime.state, 'running');
    });
  });

  it('leaves nothing when disposed', async () => {
    // Requests to the file system end by themselves. What mocha has of its own is there before and after.
    const resources = async () => {
      await sleep(20);
      return process.getActiveResourcesInfo().filter((name) => !name.startsWith('FSReq'));
    };
    const before = await resources();
    await open();
    await followed();
    await watch!.dispose();
    const count = pictures.length;
    kubernetes.put(PODS, pod('web-9', 'web'));
    assert.equal(kubernetes.watching, 0);
    assert.equal(kubernetes.closed, 1);
    assert.equal(engine.listening, false);
    assert.deepEqual(await resources(), before);
    assert.equal(pictures.length, count);
  });
});
