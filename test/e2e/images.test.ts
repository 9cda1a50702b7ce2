import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../../src/base';
import { runCommand, Toolbox, type CommandResult } from '../../src/tools';
import { createContext } from '../stack/context';
import { stackEnvironment } from '../stack/environment';
import { goToolchain } from '../stack/go';
import { IMAGES, referenceOf } from '../stack/images/catalog';
import { SOURCES } from '../stack/images/sources';
import { layoutFor } from '../stack/layout';
import { ConsoleProgress } from '../stack/progress';
import { freePort } from './support/images';
import { mayFillDisk } from './support/raw-cluster';

const CLUSTER = 'vapp-test-images';
const REGISTRY = `${CLUSTER}-registry`;
const MIRROR = 'registry.vapp.internal:5000';
const NODE_IMAGE = 'rancher/k3s:v1.34.3-k3s1';
const DATABROKER = 'ghcr.io/eclipse-kuksa/kuksa-databroker:0.4.4';
const MQTT_NODE_PORT = 31883;
const BROKER_NODE_PORT = 30555;

/** CONNECT of MQTT 3.1.1: clean session, no name. */
const MQTT_CONNECT = Buffer.from('100c00044d5154540402003c0000', 'hex');
/** CONNACK: accepted. */
const MQTT_ACCEPTED = '20020000';

/** Sets a signal and reads it back with the SDK's stubs. Its address is the first argument, the value the second. */
const CLIENT = `
import sys, grpc
from velocitas_sdk.proto import broker_pb2 as m, broker_pb2_grpc as g, types_pb2 as t
broker = g.BrokerStub(grpc.insecure_channel(sys.argv[1]))
broker.SetDatapoints(m.SetDatapointsRequest(datapoints={"Vehicle.Speed": t.Datapoint(float_value=float(sys.argv[2]))}))
print(next(broker.Subscribe(m.SubscribeRequest(query="SELECT Vehicle.Speed"))).fields["Vehicle.Speed"].float_value)
`;

describe('the images of the stack', function () {
  this.timeout(300_000);
  let tools: Toolbox;

  before(async () => {
    tools = new Toolbox(await stackEnvironment());
  });

  const docker = (...args: string[]): Promise<CommandResult> => tools.run('docker', args);

  it('are all in the engine', async () => {
    for (const image of IMAGES) await docker('image', 'inspect', referenceOf(image));
  });

  it('let a container end as soon as it is asked to', async () => {
    for (const [image, ...args] of [
      [DATABROKER, '--insecure'],
      ['eclipse-mosquitto:2.0', 'mosquitto', '-c', '/mosquitto-no-auth.conf'],
      ['registry:2'],
    ] as const) {
      const { stdout: id } = await docker('run', '--detach', image, ...args);
      try {
        await sleep(2000);
        await docker('stop', '--time', '10', id.trim());
        const { stdout: code } = await docker('inspect', '--format', '{{.State.ExitCode}}', id.trim());
        assert.notEqual(code.trim(), '137', `${image} had to be killed`);
      } finally {
        await docker('rm', '--force', id.trim());
      }
    }
  });

  it('have a python as the official image has it', async () => {
    const script =
      'for name in python python3 pip; do command -v $name; done; pip install -q --root-user-action=ignore grpcio==1.64.1';
    const { stdout } = await docker('run', '--rm', 'python:3.11-slim', 'sh', '-c', script);
    assert.deepEqual(stdout.trim().split('\n'), [
      '/usr/local/bin/python',
      '/usr/local/bin/python3',
      '/usr/local/bin/pip',
    ]);
  });

  it('have a databroker whose own tests pass', async () => {
    const tests = join(SOURCES, 'databroker', 'tests');
    const { stderr } = await docker(
      ...['run', '--rm', '--volume', `${tests}:/app/tests:ro`, '--entrypoint', 'python'],
      ...[DATABROKER, '-m', 'unittest'],
    );
    assert.match(stderr, /^OK$/m);
  });

  /** Runs the tests that lie beside the sources of a program. */
  async function testGo(cwd: string, ...args: string[]): Promise<void> {
    const stack = createContext({
      layout: layoutFor(),
      reachable: new Set(),
      progress: new ConsoleProgress(),
      signal: new AbortController().signal,
    });
    const go = await goToolchain(stack, () => undefined);
    const env = { ...stack.env, ...go.env, CGO_ENABLED: '0' };
    await runCommand({ program: go.program, args: ['test', '-trimpath', '-vet=off', ...args], cwd, env });
  }

  it('have a node program whose own tests pass', async () => {
    // By file: the package as a whole links all of Kubernetes.
    const files = ['options', 'registries', 'pki'].flatMap((name) => [`${name}.go`, `${name}_test.go`]);
    await testGo(join(SOURCES, 'node'), ...files, 'files.go', 'paths.go');
  });

  it('have a helper for live updates whose own tests pass', () =>
    testGo(join(SOURCES, '..', '..', '..', 'images', 'live-update'), '.'));

  describe('in a cluster of two nodes with a load balancer', () => {
    let folder: string;
    let ports: { mqtt: number; broker: number; balanced: number; registry: number };

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'vapp-images-'));
      ports = {
        mqtt: await freePort(),
        broker: await freePort(),
        balanced: await freePort(),
        registry: await freePort(),
      };
      const registries = join(folder, 'registries.yaml');
      await writeFile(registries, JSON.stringify({ mirrors: { [MIRROR]: { endpoint: [`http://${REGISTRY}:5000`] } } }));
      const create = [
        ...['cluster', 'create', CLUSTER, '--image', NODE_IMAGE, '--agents', '1'],
        ...mayFillDisk(1),
        ...['--registry-create', `${REGISTRY}:127.0.0.1:${ports.registry}`, '--registry-config', registries],
        ...['-p', `127.0.0.1:${ports.mqtt}:${MQTT_NODE_PORT}@server:0:direct`],
        ...['-p', `127.0.0.1:${ports.broker}:${BROKER_NODE_PORT}@server:0:direct`],
        ...['-p', `127.0.0.1:${ports.balanced}:1883@loadbalancer`],
        ...['--kubeconfig-update-default=false', '--kubeconfig-switch-context=false'],
      ];
      // k3d leaves files in its folder for temporary files.
      await tools.run('k3d', create, { env: { TMPDIR: folder } });
      const { stdout } = await tools.run('k3d', ['kubeconfig', 'get', CLUSTER]);
      await writeFile(join(folder, 'kubeconfig'), stdout, { mode: 0o600 });
    });

    after(async () => {
      await tools.run('k3d', ['cluster', 'delete', CLUSTER]);
      await rm(folder, { recursive: true, force: true });
    });

    const kubectl = async (args: readonly string[], stdin?: string): Promise<string> => {
      const { stdout } = await tools.run('kubectl', ['--kubeconfig', join(folder, 'kubeconfig'), ...args], {
        ...(stdin === undefined ? {} : { stdin }),
      });
      return stdout;
    };

    /** Pushes an image to the cluster's registry; returns the name that pods pull it by. */
    const push = async (image: string, name: string): Promise<string> => {
      const pushed = `localhost:${ports.registry}/${name}`;
      await docker('tag', image, pushed);
      const { stdout } = await docker('push', pushed);
      await docker('rmi', pushed);
      const digest = /digest: (sha256:[0-9a-f]{64})/.exec(stdout)?.[1];
      assert.ok(digest, stdout);
      return `${MIRROR}/${name}@${digest}`;
    };

    const throughDatabroker = async (value: number): Promise<number> => {
      const { stdout } = await docker(
        ...['run', '--rm', '--network', 'host', '--entrypoint', 'python', DATABROKER, '-c', CLIENT],
        ...[`127.0.0.1:${ports.broker}`, String(value)],
      );
      return Number(stdout);
    };

    it('runs pods by digest, reaches them by DNS and by ports, and after a restart again', async () => {
      assert.equal((await kubectl(['get', 'nodes', '--output', 'name'])).trim().split('\n').length, 2);
      const [busybox, mosquitto, databroker] = await Promise.all([
        push('busybox', 'busybox'),
        push('eclipse-mosquitto:2.0', 'mosquitto'),
        push(DATABROKER, 'databroker'),
      ]);
      await eventually(() => kubectl(['get', 'serviceaccount', 'default']));
      await kubectl(
        ['apply', '--filename', '-'],
        list(
          // On the agent: the server's port then needs the route between the nodes.
          deployment('mqtt', mosquitto, 1883, ['mosquitto', '-c', '/mosquitto-no-auth.conf'], `k3d-${CLUSTER}-agent-0`),
          service('mqtt', 1883, 'NodePort', MQTT_NODE_PORT),
          service('mqtt-balanced', 1883, 'LoadBalancer', undefined, 'mqtt'),
          deployment('databroker', databroker, 55555, ['--insecure'], `k3d-${CLUSTER}-server-0`, 'args'),
          service('databroker', 55555, 'NodePort', BROKER_NODE_PORT),
          // Again and again in the same container: one that ends is restarted ever later, and CoreDNS may still be starting.
          pod('lookup', busybox, ['sh', '-c', 'until nslookup mqtt.default.svc.cluster.local; do sleep 1; done']),
        ),
      );
      await kubectl(['rollout', 'status', 'deployment/mqtt', 'deployment/databroker', '--timeout=120s']);
      await eventually(() => answersMqtt(ports.mqtt));
      await eventually(() => answersMqtt(ports.balanced));
      assert.equal(await eventually(() => throughDatabroker(12.5)), 12.5);
      await kubectl(['wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/lookup', '--timeout=120s']);
      assert.match(await kubectl(['logs', 'lookup']), /^Name:\s+mqtt\.default\.svc\.cluster\.local$/m);

      await tools.run('k3d', ['cluster', 'stop', CLUSTER]);
      await tools.run('k3d', ['cluster', 'start', CLUSTER]);
      await eventually(() => answersMqtt(ports.mqtt));
      assert.equal(await eventually(() => throughDatabroker(50)), 50);
    });
  });
});

/** Repeats until it does not throw any more; the limit is the test's own. */
async function eventually<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      await sleep(500);
    }
  }
}

async function answersMqtt(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.write(MQTT_CONNECT);
    socket.setTimeout(3000, () => socket.destroy(new Error('no answer')));
    // A port whose pod is not there yet is closed without an error.
    const closed = once(socket, 'close').then(() => {
      throw new Error('closed without an answer');
    });
    const [answer] = (await Promise.race([once(socket, 'data'), closed])) as [Buffer];
    assert.equal(answer.toString('hex'), MQTT_ACCEPTED);
  } finally {
    socket.destroy();
  }
}

function list(...items: object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

function container(name: string, image: string, command: readonly string[], field: 'args' | 'command'): object {
  return { name, image, [field]: command };
}

function pod(name: string, image: string, command: readonly string[]): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { restartPolicy: 'OnFailure', containers: [container(name, image, command, 'command')] },
  };
}

function deployment(
  name: string,
  image: string,
  port: number,
  command: readonly string[],
  nodeName: string,
  field: 'args' | 'command' = 'command',
): object {
  const labels = { app: name };
  const readinessProbe = { tcpSocket: { port }, periodSeconds: 1 };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { nodeName, containers: [{ ...container(name, image, command, field), readinessProbe }] },
      },
    },
  };
}

function service(name: string, port: number, type: string, nodePort?: number, app = name): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { type, selector: { app }, ports: [{ port, ...(nodePort === undefined ? {} : { nodePort }) }] },
  };
}
