import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../../src/base';
import type { Service } from '../../../src/project';
import { certainFailure, isReady, presentReplicaSets, type ServicePod } from '../../../src/runtime/readiness';
import { hashFolder, readServiceFiles, releaseContent, serviceEndpoints } from '../../../src/runtime/service-values';

const service = (change: Partial<Service> = {}): Service => ({
  id: 'mqtt-broker',
  enabled: true,
  image: 'eclipse-mosquitto:2',
  args: [],
  env: {},
  ports: [{ container: 1883, node: 31_883 }],
  mounts: [],
  interfaces: [],
  ...change,
});

const local = ({ host }: { host: number }) => `localhost:${host}`;

describe('endpoints of services', () => {
  it('name the cluster’s DNS name and the port that was found free', () => {
    assert.deepEqual(serviceEndpoints([service()], [{ host: 31_884, node: 31_883 }], local), [
      { id: 'mqtt-broker', cluster: 'mqtt-broker:1883', local: 'localhost:31884' },
    ]);
  });

  it('leave out what is not published, not enabled or has no port', () => {
    const services = [
      service({ id: 'inner', ports: [{ container: 80 }] }),
      service({ id: 'off', enabled: false }),
      service({ id: 'mute', ports: [] }),
    ];
    assert.deepEqual(serviceEndpoints(services, [], local), [{ id: 'inner', cluster: 'inner:80' }]);
  });
});

describe('what a services’ release is made from', () => {
  const name = (services: Service[], ids: [string, string][] = [['eclipse-mosquitto:2', 'sha256:1']]) =>
    releaseContent(
      'chart',
      services,
      services.map(() => []),
      new Map(ids),
    );

  it('has a name that fits into a label', () => assert.match(name([service()]), /^[0-9a-f]{40}$/));

  it('has the same name for the same things, wherever the developer reaches them', () => {
    assert.equal(name([service()]), name([service({ ports: [{ container: 1883, node: 31_883, host: 1883 }] })]));
  });

  it('has another name when an argument, the environment or the image behind a name changes', () => {
    const names = [
      name([service()]),
      name([service({ args: ['-v'] })]),
      name([service({ env: { A: '1' } })]),
      name([service()], [['eclipse-mosquitto:2', 'sha256:2']]),
    ];
    assert.equal(new Set(names).size, names.length);
  });
});

describe('files of services', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'vapp-files-'))));
  afterEach(() => rm(folder, { recursive: true }));

  it('become keys of a ConfigMap, unique and valid', async () => {
    const source = join(folder, 'mosquitto größe.conf');
    await writeFile(source, 'listener 1883\n');
    const mounts = ['/a/mosquitto.conf', '/b/mosquitto.conf'].map((target) => ({ source, target }));
    const files = await readServiceFiles(service({ mounts }));
    assert.deepEqual(
      files.map(({ mountPath, content }) => [mountPath, content]),
      mounts.map(({ target }) => [target, 'listener 1883\n']),
    );
    for (const file of files) assert.match(file.name, /^[-._a-zA-Z0-9]+$/);
    assert.equal(new Set(files.map((file) => file.name)).size, 2);
  });

  for (const [title, content] of [
    ['is missing', undefined],
    ['is no text', Buffer.from([0xff, 0xfe, 0x00])],
  ] as const) {
    it(`are a failure with file and service when one ${title}`, async () => {
      const source = join(folder, 'data.bin');
      if (content) await writeFile(source, content);
      await assert.rejects(readServiceFiles(service({ mounts: [{ source, target: '/data.bin' }] })), (error) => {
        assert.ok(error instanceof Failure);
        assert.equal(error.code, 'service-file-unreadable');
        assert.ok(error.summary.includes(source) && error.summary.includes('mqtt-broker'));
        return true;
      });
    });
  }

  it('of a chart decide its hash by name and content', async () => {
    await writeFile(join(folder, 'a'), '1');
    const before = await hashFolder(folder);
    assert.equal(await hashFolder(folder), before);
    await writeFile(join(folder, 'a'), '2');
    assert.notEqual(await hashFolder(folder), before);
  });
});

describe('the readiness of a service', () => {
  const template = (image: string, labels: Record<string, string> = {}) => ({
    metadata: { labels: { 'app.kubernetes.io/name': 'mqtt-broker', ...labels } },
    spec: { containers: [{ name: 'mqtt-broker', image }] },
  });
  const deployment = (status: object, generation = 2) => ({
    metadata: { name: 'mqtt-broker', generation },
    spec: { replicas: 1, template: template('new') },
    status: { observedGeneration: 2, replicas: 1, updatedReplicas: 1, availableReplicas: 1, ...status },
  });

  it('needs the newest pods available and the older ones gone', () => {
    assert.equal(isReady(deployment({})), true);
    assert.equal(isReady(deployment({}, 3)), false);
    assert.equal(isReady(deployment({ updatedReplicas: 0 })), false);
    assert.equal(isReady(deployment({ availableReplicas: 0 })), false);
    assert.equal(isReady(deployment({ replicas: 2 })), false);
  });

  it('is judged by the pods of its present form', () => {
    const set = (name: string, owner: string, image: string) => ({
      metadata: { name, ownerReferences: [{ kind: 'Deployment', name: owner }] },
      spec: { template: template(image, { 'pod-template-hash': '5d4' }) },
    });
    const sets = [
      set('mqtt-broker-old', 'mqtt-broker', 'old'),
      set('mqtt-broker-new', 'mqtt-broker', 'new'),
      set('other', 'other', 'new'),
    ];
    assert.deepEqual([...presentReplicaSets([deployment({})], sets)], ['mqtt-broker-new']);
    // Strategy Recreate: the new one is made only when the pods of the old one have ended.
    assert.deepEqual([...presentReplicaSets([deployment({})], sets.slice(0, 1))], []);
  });

  const pod = (status: object): ServicePod => ({
    metadata: { name: 'mqtt-broker-5d4-x' },
    status: { containerStatuses: [{ name: 'mqtt-broker', ...status }] },
  });

  it('is beyond hope when an image cannot be had', () => {
    assert.equal(certainFailure(pod({ state: { waiting: { reason: 'ErrImagePull' } } })), undefined);
    assert.deepEqual(
      certainFailure(pod({ state: { waiting: { reason: 'ImagePullBackOff', message: 'not found' } } })),
      {
        pod: 'mqtt-broker-5d4-x',
        container: 'mqtt-broker',
        reason: 'ImagePullBackOff',
        message: 'not found',
      },
    );
  });

  it('is beyond hope when the container ends again and again', () => {
    const crash = (restartCount: number, reason = 'Error') =>
      certainFailure(
        pod({
          restartCount,
          state: { waiting: { reason: 'CrashLoopBackOff' } },
          lastState: { terminated: { reason, exitCode: 3 } },
        }),
      );
    assert.equal(crash(1), undefined);
    assert.equal(crash(2)?.exitCode, 3);
    assert.equal(crash(2, 'OOMKilled')?.reason, 'OOMKilled');
  });

  it('is still open while containers are made', () => {
    assert.equal(certainFailure(pod({ state: { waiting: { reason: 'ContainerCreating' } } })), undefined);
    assert.equal(certainFailure({ metadata: { name: 'x' } }), undefined);
  });

  it('is beyond hope when its configuration is not there, but not while the node is only busy', () => {
    const badly = (message: string) =>
      certainFailure(pod({ state: { waiting: { reason: 'CreateContainerConfigError', message } } }));
    assert.equal(badly('secret "missing" not found')?.reason, 'CreateContainerConfigError');
    assert.equal(badly('failed to sync secret cache: timed out waiting for the condition'), undefined);
    const pull = { waiting: { reason: 'ImagePullBackOff', message: 'context deadline exceeded' } };
    assert.equal(certainFailure(pod({ state: pull }))?.reason, 'ImagePullBackOff');
  });
});
