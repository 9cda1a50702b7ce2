import assert from 'node:assert/strict';
import type { Docker } from '../../../src/tools';
import { Failure } from '../../../src/base';
import { isEmpty, readEngineObjects, stateOf } from '../../../src/runtime/engine-objects';
import { LocalRuntime } from '../../../src/runtime';
import { Toolbox } from '../../../src/tools';

const CLUSTER = 'vapp-seat-1234abcd';
const WORKSPACE = '/home/ada/seat';
const OURS = { 'io.vscode-velocitas.workspace': WORKSPACE, 'io.vscode-velocitas.cluster': CLUSTER };

interface Container {
  readonly name: string;
  readonly role?: string;
  readonly state?: string;
  readonly labels?: Record<string, string>;
  /** HTTP status with which the engine refuses to tell more of it. */
  readonly refused?: number;
}

interface Given {
  readonly containers?: Container[];
  readonly network?: Record<string, string>;
  readonly volumes?: string[];
}

/** An engine that answers what the real one does, as far as it is read. */
function engine({ containers = [], network, volumes = [] }: Given): Docker {
  const published: Record<string, Record<string, { HostIp: string; HostPort: string }[]>> = {
    [`k3d-${CLUSTER}-registry`]: { '5000/tcp': [{ HostIp: '127.0.0.1', HostPort: '20001' }] },
    [`k3d-${CLUSTER}-server-0`]: {
      '6443/tcp': [{ HostIp: '127.0.0.1', HostPort: '20000' }],
      '31883/tcp': [{ HostIp: '127.0.0.1', HostPort: '31884' }],
    },
  };
  const labelsOf = ({ labels = OURS, role }: Container) => ({
    ...labels,
    ...(role ? { 'k3d.cluster': CLUSTER, 'k3d.role': role } : {}),
  });
  return {
    listContainers: () =>
      Promise.resolve(
        containers.map((given) => ({ Id: given.name, Names: [`/${given.name}`], Labels: labelsOf(given) })),
      ),
    listNetworks: () => Promise.resolve(network ? [{ Id: 'net', Name: `k3d-${CLUSTER}`, Labels: network }] : []),
    listVolumes: () => Promise.resolve({ Volumes: volumes.map((Name) => ({ Name, Labels: null })), Warnings: [] }),
    getContainer: (id: string) => ({
      inspect: () => {
        const given = containers.find(({ name }) => name === id)!;
        const { refused: statusCode } = given;
        if (statusCode !== undefined) return Promise.reject(Object.assign(new Error('no'), { statusCode }));
        return Promise.resolve({
          Name: `/${id}`,
          Config: { Labels: labelsOf(given) },
          State: { Status: given.state ?? 'running' },
          HostConfig: { PortBindings: published[id] ?? null },
        });
      },
    }),
  } as unknown as Docker;
}

const read = (given: Given) => readEngineObjects(engine(given), CLUSTER, WORKSPACE);

const server = { name: `k3d-${CLUSTER}-server-0`, role: 'server' };
const agent = { name: `k3d-${CLUSTER}-agent-0`, role: 'agent' };
const registry = { name: `k3d-${CLUSTER}-registry` };
const complete = [`k3d-${CLUSTER}-complete`, `k3d-${CLUSTER}-registry`];

describe('the state of a runtime', () => {
  const states: [string, Given, string][] = [
    ['absent when the engine holds nothing of it', {}, 'absent'],
    ['running when all its containers run', { containers: [server, agent, registry], volumes: complete }, 'running'],
    [
      'stopped when all have ended',
      { containers: [server, registry].map((each) => ({ ...each, state: 'exited' })), volumes: complete },
      'stopped',
    ],
    [
      'stopped when only a node of it has ended',
      { containers: [server, { ...agent, state: 'exited' }, registry], volumes: complete },
      'stopped',
    ],
    ['stopped when somebody removed the registry', { containers: [server], volumes: complete }, 'stopped'],
    ['absent when its creation was cut short', { containers: [server, registry], volumes: [] }, 'absent'],
  ];
  for (const [title, given, state] of states) {
    it(`is ${title}`, async () => assert.equal(stateOf(await read(given)), state));
  }

  it('is told with ports, also while it is stopped', async () => {
    const stopped = [server, registry].map((each) => ({ ...each, state: 'exited' }));
    const objects = await read({ containers: stopped, volumes: complete });
    assert.equal(objects.registry?.hostPort, 20_001);
    assert.deepEqual(objects.ports, { api: 20_000, nodePorts: [{ host: 31_884, node: 31_883 }] });
  });

  it('knows leftovers of a creation from nothing at all', async () => {
    assert.equal(isEmpty(await read({})), true);
    assert.equal(isEmpty(await read({ network: OURS })), false);
    assert.equal(isEmpty(await read({ volumes: [`k3d-${CLUSTER}-registry`] })), false);
  });

  it('does not mind what goes while it looks, but does mind what it cannot be told', async () => {
    const tools = { name: `k3d-${CLUSTER}-tools`, role: 'noRole' };
    const given = (refused: number) => ({ containers: [server, { ...tools, refused }, registry], volumes: complete });
    const objects = await read(given(404));
    assert.equal(stateOf(objects), 'running');
    assert.equal(objects.nodes.length, 1);
    await assert.rejects(read(given(500)), { code: 'docker-error' });
  });

  it('does not mind what else the engine holds', async () => {
    const other = { name: 'k3d-other-server-0', labels: { 'k3d.cluster': 'other', 'k3d.role': 'server' } };
    assert.equal(isEmpty(await read({ containers: [other], volumes: [`k3d-${CLUSTER}x-complete`] })), true);
  });
});

describe('ownership', () => {
  const foreign: [string, Given][] = [
    ['a cluster without our label', { containers: [{ ...server, labels: {} }] }],
    [
      'a cluster of another workspace',
      { containers: [{ ...server, labels: { ...OURS, 'io.vscode-velocitas.workspace': '/home/bob/seat' } }] },
    ],
    ['a registry without our label', { containers: [{ ...registry, labels: {} }] }],
    ['a network without our label', { network: {} }],
  ];
  for (const [title, given] of foreign) {
    it(`is not claimed of ${title}`, async () => {
      await assert.rejects(read(given), (error) => {
        assert.ok(error instanceof Failure);
        assert.equal(error.code, 'runtime-name-taken');
        assert.match(error.nextSteps.join(), /k3d cluster delete vapp-seat-1234abcd/);
        return true;
      });
    });
  }

  it('decides for k3d’s helpers as for the nodes', async () => {
    const tools = { name: `k3d-${CLUSTER}-tools`, role: 'noRole', labels: {} };
    assert.equal((await read({ containers: [server, tools] })).nodes.length, 2);
  });
});

describe('a status', () => {
  const runtimeOn = (docker: Docker) =>
    new LocalRuntime({
      toolbox: new Toolbox({}),
      docker,
      workspace: WORKSPACE,
      settings: { agents: 0, ports: [] },
      services: [],
      dataDirectory: '/nonexistent',
      servicesChart: '/nonexistent',
    });

  it('is unknown, with the reason, when the engine does not answer', async () => {
    const refused = Object.assign(new Error('connect ENOENT /run/docker.sock'), { code: 'ENOENT' });
    const refuse = () => Promise.reject(refused);
    const dead = { listContainers: refuse, listNetworks: refuse, listVolumes: refuse } as unknown as Docker;
    const status = await runtimeOn(dead).status();
    assert.equal(status.state, 'unknown');
    assert.equal(status.failure?.code, 'docker-not-running');
  });

  it('is absent on an engine that holds nothing', async () => {
    const status = await runtimeOn(engine({})).status();
    assert.equal(status.state, 'absent');
    assert.equal(status.failure, undefined);
    assert.deepEqual(status.services, []);
  });
});
