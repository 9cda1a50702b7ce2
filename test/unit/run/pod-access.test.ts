import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { Cancelled } from '../../../src/base';
import { declaredPorts, forwardPort, freeLocalPort, hasShell, isRunning, shellCommand } from '../../../src/run';
import { ToolFailure, type Toolbox } from '../../../src/tools';

const PLACE = {
  access: { kubeconfig: '/data/kubeconfig', context: 'k3d-one' },
  namespace: 'apps',
  pod: 'sampleapp-1',
  container: 'app',
};
const CLUSTER = ['--kubeconfig', '/data/kubeconfig', '--context', 'k3d-one', '--namespace', 'apps'];
const RESULT = { exitCode: 0, stdout: '', stderr: '', truncated: false, durationMs: 1 };

describe('the ports of a pod', () => {
  it('are the TCP ports that its containers declare', () => {
    const containers = [
      { name: 'app', ports: [{ containerPort: 50008, name: 'grpc', protocol: 'TCP' }, { containerPort: 80 }] },
      { name: 'dns', ports: [{ containerPort: 53, protocol: 'UDP' }] },
      { name: 'none' },
    ];
    assert.deepEqual(declaredPorts({ spec: { containers } }), [
      { container: 'app', port: 50008, name: 'grpc' },
      { container: 'app', port: 80 },
    ]);
    assert.deepEqual(declaredPorts({}), []);
  });
});

describe('a pod', () => {
  it('runs unless it does not yet, not any more, or is being deleted', () => {
    assert.equal(isRunning({ metadata: {}, status: { phase: 'Running' } }), true);
    for (const phase of ['Pending', 'Succeeded', 'Failed', undefined]) {
      assert.equal(isRunning(phase === undefined ? {} : { status: { phase } }), false);
    }
    const metadata = { deletionTimestamp: '2026-11-30T09:00:00Z' };
    assert.equal(isRunning({ metadata, status: { phase: 'Running' } }), false);
  });
});

describe('a free port of this machine', () => {
  it('is another one when the one wished for is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    assert.notEqual(await freeLocalPort(port), port);
    await new Promise((resolve) => server.close(resolve));
    assert.equal(await freeLocalPort(port), port);
  });

  it('needs no privilege', async () => {
    assert.ok((await freeLocalPort(80)) >= 1024);
  });
});

describe('forwarding to a pod', () => {
  it('names the cluster, listens on this machine only, and tells when it is ready', async () => {
    const calls: (readonly string[])[] = [];
    let ready = 0;
    const run: Toolbox['run'] = (tool, args, options) => {
      calls.push([tool, ...args]);
      options?.onLine?.('Forwarding from 127.0.0.1:8080 -> 50008', 'stdout');
      options?.onLine?.('Handling connection for 8080', 'stdout');
      return Promise.resolve(RESULT);
    };
    const { signal } = new AbortController();
    await forwardPort({ run }, { ...PLACE, podPort: 50008, localPort: 8080 }, () => ready++, signal);
    const forward = ['port-forward', '--address', '127.0.0.1', 'pod/sampleapp-1', '8080:50008'];
    assert.deepEqual(calls, [['kubectl', ...CLUSTER, ...forward]]);
    assert.equal(ready, 1);
  });
});

describe('the shell of a container', () => {
  const failing = (exitCode: number | undefined, stderr: string): Pick<Toolbox, 'run'> => ({
    run: () => {
      const details = { code: 'tool-failed', fault: 'environment', summary: stderr } as const;
      return Promise.reject(new ToolFailure(details, exitCode, '', stderr));
    },
  });

  it('is there when it runs', async () => {
    assert.equal(await hasShell({ run: () => Promise.resolve(RESULT) }, PLACE), true);
  });

  it('is not there when the container runtime finds none', async () => {
    const said =
      'error: Internal error occurred: error executing command in container: failed to exec in container: failed to ' +
      'start exec "f00": OCI runtime exec failed: exec failed: unable to start container process: exec: "sh": ' +
      'executable file not found in $PATH: unknown';
    assert.equal(await hasShell(failing(1, said), PLACE), false);
    assert.equal(await hasShell(failing(127, 'command terminated with exit code 127'), PLACE), false);
  });

  it('is not known when the container cannot be asked', async () => {
    await assert.rejects(hasShell(failing(1, 'Error from server (NotFound): pods "sampleapp-1" not found'), PLACE), {
      code: 'tool-failed',
    });
    await assert.rejects(hasShell({ run: () => Promise.reject(new Cancelled()) }, PLACE), Cancelled);
  });

  it('is opened by an array of arguments', async () => {
    const { program, args } = await shellCommand({ path: () => Promise.resolve('/opt/kubectl') }, PLACE);
    assert.equal(program, '/opt/kubectl');
    assert.deepEqual(args.slice(0, -1), [...CLUSTER, 'exec', '-it', 'sampleapp-1', '-c', 'app', '--', 'sh', '-c']);
  });
});
