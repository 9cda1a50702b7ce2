import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '../../src/base';
import type { WorkspaceStatus } from '../../src/run';
import { KubeApi, Toolbox, dockerClient, runCommand, type Docker } from '../../src/tools';
import { DOCKERFILE, lightApp } from './support/light-app';
import { TestWorkspace, assertDone, assertFailed } from './support/workspace';

const HOST = 'registry.behind.test';
const IMAGE = `${HOST}:5000/busybox:1`;
const PASSWORD = 'p%23ssw0rd';
/** Nobody answers there: what reaches its goal has found its way without it. */
const PROXY = `http://ada:${PASSWORD}@proxy.invalid:3128`;

interface Pod {
  readonly status?: {
    readonly phase?: string;
    readonly containerStatuses?: readonly { readonly state?: { readonly waiting?: { readonly message?: string } } }[];
  };
}

describe('the settings of the machine', function () {
  this.timeout('5m');
  let workspace: TestWorkspace;
  let docker: Docker;
  let settings: string;
  let registry: string | undefined;

  before(async () => {
    workspace = await TestWorkspace.create('Hinter der Mauer');
    await workspace.write(lightApp({ dockerfile: `${DOCKERFILE}RUN test -n "$HTTP_PROXY"\n` }));
    docker = await dockerClient(new Toolbox(workspace.environment()));
    settings = join(workspace.home, 'vapp.json');
  });

  after(async () => {
    if (registry !== undefined) await docker.getContainer(registry).remove({ force: true, v: true });
    await workspace.dispose();
  });

  const set = (content: object) => writeFile(settings, JSON.stringify(content));
  const vapp = async (...args: string[]) => {
    const result = await workspace.vapp(args, { env: { VAPP_MACHINE_SETTINGS: settings } });
    const told = JSON.stringify(result.events) + result.stderr;
    assert.ok(!told.includes(PASSWORD) && !told.includes(decodeURIComponent(PASSWORD)), 'a password was told');
    return result;
  };
  const status = async () => (await vapp('status')).outcome.value as WorkspaceStatus;

  it('are named when they cannot be used', async () => {
    await writeFile(settings, '{');
    const broken = assertFailed(await vapp('up'), 'machine-settings-invalid', 3);
    assert.equal(broken.range?.file, settings);
    await set({ caCertificate: join(workspace.home, 'nobody.pem') });
    assertFailed(await vapp('up'), 'ca-certificate-invalid', 3);
  });

  it('bring proxies to builds and nodes, and around the cluster itself', async () => {
    await set({ proxy: { http: PROXY, https: PROXY, no: '.behind.test' } });
    assertDone(await vapp('run', '--no-follow'));
    const { nodes } = (await status()).runtime;
    const { Config } = await docker.getContainer(nodes[0]?.name ?? '').inspect();
    assert.ok(Config.Env.includes(`HTTPS_PROXY=${PROXY}`), 'the node knows the proxy');
    assert.match(Config.Env.find((entry) => entry.startsWith('NO_PROXY=')) ?? '', /^NO_PROXY=\.behind\.test,/);
  });

  it('name a bundle that is loaded before a run; one that is gone is told, and harms nobody who needs it not', async () => {
    await set({ bundle: join(workspace.home, 'gone.tar'), proxy: { http: PROXY, https: PROXY, no: '.behind.test' } });
    const run = await vapp('run', '--no-follow');
    assertDone(run);
    const warnings = run.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    assert.match(warnings.join('\n'), /^The bundle was not loaded\. .*gone\.tar/);
  });

  it('let nodes pull from a registry whose certificate authority nobody else knows', async () => {
    const files = await certificates(workspace.home);
    registry = await startRegistry(files);
    assert.match(await pull(), /certificate signed by unknown authority/);

    await set({ caCertificate: files.authority, proxy: { http: PROXY, https: PROXY, no: '.behind.test' } });
    const up = await vapp('up');
    assertDone(up);
    assert.match(JSON.stringify(up.events), /settings of the runtime have changed/);
    assert.equal(await pull(), 'Succeeded');
  });

  it('keep the cluster as long as they are the same, also after a stop', async () => {
    const { Id } = await docker.getContainer((await status()).runtime.nodes[0]?.name ?? '').inspect();
    assertDone(await vapp('stop'));
    assertDone(await vapp('up'));
    assert.equal((await docker.getContainer((await status()).runtime.nodes[0]?.name ?? '').inspect()).Id, Id);
    assert.equal(await pull(), 'Succeeded');
  });

  /** A registry with TLS and one image in it, on the cluster's network. */
  async function startRegistry({ certificate, key }: { certificate: string; key: string }): Promise<string> {
    const plain = await docker.createContainer({
      Image: 'registry:2',
      ExposedPorts: { '5000/tcp': {} },
      HostConfig: { PortBindings: { '5000/tcp': [{ HostIp: '127.0.0.1', HostPort: '0' }] } },
    });
    try {
      await plain.start();
      const published = (await plain.inspect()).NetworkSettings.Ports['5000/tcp']?.[0]?.HostPort ?? '';
      const name = `localhost:${published}/busybox:1`;
      const tools = new Toolbox(workspace.environment());
      await tools.run('docker', ['tag', 'busybox', name]);
      await tools.run('docker', ['push', '--quiet', name]);
      await tools.run('docker', ['rmi', name]);
      const network = `k3d-${(await status()).runtime.cluster}`;
      const { id } = await docker.createContainer({
        Image: 'registry:2',
        Env: [`REGISTRY_HTTP_TLS_CERTIFICATE=${certificate}`, `REGISTRY_HTTP_TLS_KEY=${key}`],
        HostConfig: { VolumesFrom: [plain.id], Binds: [`${workspace.home}:${workspace.home}:ro`] },
        NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: [HOST] } } },
      });
      await docker.getContainer(id).start();
      return id;
    } finally {
      await plain.remove({ force: true });
    }
  }

  /** Runs a pod of the image; answers the pod's end, or what keeps it from beginning. */
  async function pull(): Promise<string> {
    const { access } = (await status()).runtime;
    assert.ok(access);
    await kubectl(['delete', 'pod', 'probe', '--ignore-not-found', '--wait']);
    await kubectl([
      ...['run', 'probe', '--image', IMAGE, '--restart', 'Never'],
      '--image-pull-policy=Always',
      '--',
      'true',
    ]);
    const api = await KubeApi.open(access);
    try {
      for (;;) {
        const { status: pod } = await api.get<Pod>('/api/v1/namespaces/default/pods/probe');
        if (pod?.phase === 'Succeeded' || pod?.phase === 'Failed') return pod.phase;
        const message = pod?.containerStatuses?.[0]?.state?.waiting?.message;
        if (message !== undefined) return message;
        await sleep(200);
      }
    } finally {
      api.close();
    }
  }

  async function kubectl(args: readonly string[]): Promise<void> {
    const { access } = (await status()).runtime;
    const { kubeconfig = '', context = '' } = access ?? {};
    await new Toolbox(workspace.environment()).run('kubectl', [
      '--kubeconfig',
      kubeconfig,
      '--context',
      context,
      ...args,
    ]);
  }
});

/** An authority of its own, and a certificate that it has given to the registry; absolute paths of PEM files. */
async function certificates(folder: string) {
  const path = (name: string) => join(folder, name);
  const openssl = (args: readonly string[]) => runCommand({ program: 'openssl', args, cwd: folder });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-batch'];
  await openssl([
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=test CA',
  ]);
  await openssl(['req', ...newKey, '-keyout', 'registry.key', '-out', 'registry.csr', '-subj', `/CN=${HOST}`]);
  await writeFile(path('names'), `subjectAltName=DNS:${HOST}\n`);
  await openssl([
    ...['x509', '-req', '-in', 'registry.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
    ...['-days', '2', '-extfile', 'names', '-out', 'registry.pem'],
  ]);
  return { authority: path('ca.pem'), certificate: path('registry.pem'), key: path('registry.key') };
}
