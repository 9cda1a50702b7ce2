import assert from 'node:assert/strict';
import { Failure } from '../../../src/base';
import {
  apiAddress,
  findReach,
  nodePortAddress,
  portProbe,
  refuseRemoteEngine,
  registryHost,
  type Reach,
} from '../../../src/runtime/reach';
import type { Docker } from '../../../src/tools';

const ID = '470147c74dcb0b2fa1f8218cb1c99a9b7f71b4a1e6f8e845f3edde3e26333458';
const CLUSTER = 'vapp-x-00000000';
const HERE: Reach = {};
const INSIDE: Reach = { container: ID };

describe('where a process stands', () => {
  const reach = (modes: Readonly<Record<string, string>>, self: string | undefined) => {
    const docker = {
      getContainer: (id: string) => ({
        inspect: () =>
          modes[id] === undefined
            ? Promise.reject(Object.assign(new Error('no such container'), { statusCode: 404 }))
            : Promise.resolve({ HostConfig: { NetworkMode: modes[id] } }),
      }),
    } as unknown as Docker;
    return findReach(docker, undefined, Promise.resolve(self));
  };

  it('is the container whose network it has', async () => {
    assert.deepEqual(await reach({ a: 'bridge' }, 'a'), { container: 'a' });
    assert.deepEqual(await reach({ a: 'container:b', b: 'compose_default' }, 'a'), { container: 'b' });
  });

  it('is the engine’s machine without a container, or with the machine’s network', async () => {
    assert.deepEqual(await reach({ a: 'bridge' }, undefined), {});
    assert.deepEqual(await reach({ a: 'host' }, 'a'), {});
  });

  it('is the engine’s machine in a container of another engine, in which this one runs', async () => {
    assert.deepEqual(await reach({}, 'a'), {});
  });

  it('is not known while the engine does not answer', async () => {
    const inspect = () => Promise.reject(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }));
    const docker = { getContainer: () => ({ inspect }) } as unknown as Docker;
    await assert.rejects(findReach(docker, undefined, Promise.resolve('a')), { code: 'docker-not-running' });
  });
});

describe('what a process reaches', () => {
  it('is on loopback, on the engine’s machine', () => {
    assert.equal(apiAddress(HERE, CLUSTER, 20_000), 'https://127.0.0.1:20000');
    assert.equal(registryHost(HERE, CLUSTER, 20_001), '127.0.0.1:20001');
    assert.equal(nodePortAddress(HERE, CLUSTER, { host: 31_884, node: 31_883 }), 'localhost:31884');
  });

  it('is on the cluster’s network, in a container of the engine', () => {
    assert.equal(apiAddress(INSIDE, CLUSTER, 20_000), `https://k3d-${CLUSTER}-server-0:6443`);
    assert.equal(registryHost(INSIDE, CLUSTER, 20_001), `k3d-${CLUSTER}-registry:5000`);
    assert.equal(nodePortAddress(INSIDE, CLUSTER, { host: 31_884, node: 31_883 }), `k3d-${CLUSTER}-server-0:31883`);
  });
});

describe('a port of the engine’s machine, seen from inside', () => {
  it('is free when no running container publishes it', async () => {
    const docker = {
      listContainers: () => Promise.resolve([{ Ports: [{ PrivatePort: 5000, PublicPort: 31_883 }] }, { Ports: [] }]),
    } as unknown as Docker;
    const isFree = portProbe(INSIDE, docker);
    assert.equal(await isFree(31_883), false);
    assert.equal(await isFree(5000), true);
  });
});

describe('an engine', () => {
  const engine = (modem: object) => ({ modem }) as unknown as Docker;
  // 192.0.2.0/24 is reserved for documentation (RFC 5737): nobody has it.
  const remote = engine({ host: '192.0.2.7' });

  it('is refused on another machine, with what to do', async () => {
    await assert.rejects(refuseRemoteEngine(remote, HERE), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.code, 'docker-host-remote');
      assert.equal(error.fault, 'environment');
      assert.match(error.summary, /192\.0\.2\.7/);
      assert.ok(error.nextSteps.length > 0);
      return true;
    });
  });

  it('is welcome here, by whatever address, and where this is a container of it', async () => {
    await refuseRemoteEngine(engine({ socketPath: '/var/run/docker.sock' }), HERE);
    await refuseRemoteEngine(engine({ host: '127.0.0.1' }), HERE);
    await refuseRemoteEngine(engine({ host: 'localhost' }), HERE);
    await refuseRemoteEngine(remote, INSIDE);
  });
});
