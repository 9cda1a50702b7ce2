import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { cp, mkdir, mkdtemp, open, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BundleManifest } from '../../src/bundle';
import type { DoctorReport, SavedBundle, WorkspaceStatus } from '../../src/run';
import { Toolbox, runCommand } from '../../src/tools';
import { thisPlatform } from '../stack/platform';
import { OfflineMachine, SMALL_FOLDER } from './support/offline-machine';
import { TestWorkspace, assertDone, assertFailed, type JsonEvent } from './support/workspace';

/** An image that only the node has, as those are which k3s deploys. */
const PROBE = 'vapp-test-probe:1';
const SECRET = 'c2VjcmV0LXVzZXI6c2VjcmV0LXBhc3N3b3Jk';

describe('a bundle', function () {
  this.timeout('10m');
  let workspace: TestWorkspace;
  let tools: Toolbox;
  let folder: string;
  let file: string;

  before(async () => {
    workspace = await TestWorkspace.sample('Ohne Netz');
    tools = new Toolbox(workspace.environment());
    folder = await mkdtemp(join(tmpdir(), 'vapp-bundle-'));
    file = join(folder, 'bundle.tar');
    assertDone(await workspace.vapp(['up']));
    await giveProbeToNode(workspace, tools);
    await carryOutStepsTwice(workspace);
  });

  after(async () => {
    await workspace.dispose();
    await rm(folder, { recursive: true, force: true });
    await tools.run('docker', ['rmi', '--force', PROBE]);
  });

  it('leaves nothing behind when saving is cancelled', async () => {
    const isPacking = (event: JsonEvent) => progressOf(event).startsWith('Packing images');
    const save = await workspace.vapp(['bundle', 'save', file], { interruptWhen: isPacking });
    assert.equal(save.outcome.status, 'cancelled');
    assert.equal(save.exitCode, 130);
    assert.deepEqual(await readdir(folder), []);
  });

  it('holds everything that a run needs, and tells how far it is', async () => {
    // Somebody may have loaded a bundle of the sample app into this engine; then it is to stay.
    const before = await packedAppImage(tools);
    const save = await workspace.vapp(['bundle', 'save', '--with-apps', file], { env: await withLogin(tools, folder) });
    assertDone(save);
    const saved = save.outcome.value as SavedBundle;
    assert.equal(saved.size, (await stat(file)).size);
    assert.deepEqual(
      saved.images.map(({ name, purpose }) => [purpose, name]).filter(([purpose]) => purpose !== 'cluster'),
      [
        ['node', 'rancher/k3s:v1.34.3-k3s1'],
        ['helper', 'ghcr.io/k3d-io/k3d-tools:5.8.3'],
        ['registry', 'registry:2'],
        ['live-update', 'ghcr.io/vscode-velocitas/live-update:1'],
        ['service', 'eclipse-mosquitto:2.0'],
        ['service', 'ghcr.io/eclipse-kuksa/kuksa-databroker:0.4.4'],
        ['base', 'python:3.11-slim'],
        ['app', 'vapp-bundle/sampleapp:latest'],
      ],
    );
    const ofCluster = saved.images.filter(({ purpose }) => purpose === 'cluster').map(({ name }) => name);
    for (const name of [PROBE, /^rancher\/mirrored-pause:/, /^rancher\/mirrored-coredns-coredns:/]) {
      assert.ok(
        ofCluster.some((image) => (typeof name === 'string' ? image === name : name.test(image))),
        `${String(name)} is missing in ${ofCluster.join(', ')}`,
      );
    }
    assert.ok(save.events.filter((event) => progressOf(event).startsWith('Packing images')).length > 3);
    assert.equal(Boolean(await packedAppImage(tools)), Boolean(before), 'the image made for packing is gone');
  });

  it('can be unpacked and checked without vapp', async () => {
    const unpacked = join(folder, 'unpacked');
    await mkdir(unpacked);
    await runCommand({ program: 'tar', args: ['-xf', file, '-C', unpacked] });
    await runCommand({ program: 'sha256sum', args: ['--check', '--strict', 'SHA256SUMS'], cwd: unpacked });
    const manifest = JSON.parse(await readFile(join(unpacked, 'bundle.json'), 'utf8')) as BundleManifest;
    assert.deepEqual(await readdir(join(unpacked, 'tools')), manifest.tools.map(({ name }) => name).sort());
    for (const { name } of manifest.tools.filter((tool) => tool.name !== 'docker-buildx')) {
      const { stdout } = await runCommand({
        program: join(unpacked, 'tools', name),
        args: name === 'docker' ? ['--version'] : name === 'kubectl' ? ['version', '--client'] : ['version'],
      });
      assert.ok(stdout.length > 0);
    }
    await rm(unpacked, { recursive: true });
  });

  it('holds for each layer of the app the step that it is of, so that a build finds it', async () => {
    const images = join(folder, 'images.tar');
    await runCommand({
      program: 'tar',
      args: ['-xf', file, '-C', folder, '--strip-components', '1', 'images/images.tar'],
    });
    const [app, base] = [
      await configOf(images, 'docker.io/vapp-bundle/sampleapp:latest'),
      await configOf(images, 'docker.io/library/python:3.11-slim'),
    ];
    const steps = JSON.parse(
      Buffer.from(String(app['moby.buildkit.cache.v0']), 'base64').toString(),
    ) as readonly CachedStep[];
    const found = steps.flatMap(({ layers = [] }) => layers.map(({ layer }) => layer));
    const own = app.rootfs.diff_ids.flatMap((id, index) => (base.rootfs.diff_ids.includes(id) ? [] : [index]));
    assert.ok(own.length >= 4, 'folder, requirements, packages, source');
    assert.deepEqual(
      own.filter((index) => !found.includes(index)),
      [],
      JSON.stringify(steps),
    );
    await rm(images);
  });

  it('holds no credentials', async () => {
    assert.equal(await contains(file, SECRET), false);
    assert.equal(await contains(file, 'vscode-velocitas'), true, 'the search finds what is there');
  });

  it('is refused when a byte of it has changed, and nothing is loaded', async () => {
    const { size } = await stat(file);
    const position = Math.floor(size * 0.9);
    const before = await flipByte(file, position);
    try {
      const load = await workspace.vapp(['bundle', 'load', file]);
      assert.match(assertFailed(load, 'bundle-checksum-mismatch', 3).summary, /images\/images\.tar/);
      await assert.rejects(stat(join(workspace.home, 'data', 'vscode-velocitas', 'tools')), { code: 'ENOENT' });
    } finally {
      await writeByte(file, position, before);
    }
  });

  it('is refused when it is not there, or something else', async () => {
    // Wherever that is asked: a bundle needs no workspace.
    for (const cwd of [workspace.path, folder]) {
      assertFailed(await workspace.vapp(['bundle', 'load', 'none.tar'], { cwd }), 'bundle-missing', 2);
    }
    const other = join(folder, 'other.tar');
    await writeFile(other, 'a text');
    assertFailed(await workspace.vapp(['bundle', 'load', other]), 'bundle-invalid', 2);
    await rm(other);
  });

  const startMachine = (imageStore: 'classic' | 'containerd') =>
    OfflineMachine.start(tools, {
      name: `vapp-test-offline-${imageStore}`,
      bundle: file,
      repository: workspace.path,
      imageStore,
    });

  it('lets a changed app be built without a network where images are in the store of containerd', async () => {
    const machine = await startMachine('containerd');
    try {
      assertDone(await machine.load());
      await machine.edit('app/src/main.py', '%s %s started', '%s %s changed');
      assertDone(await machine.vapp('build'));
    } finally {
      await machine.dispose();
    }
  });

  describe('on a machine without a network', () => {
    let machine: OfflineMachine;
    let dispose = (): Promise<void> => Promise.resolve();

    before(async () => {
      machine = await startMachine('classic');
      dispose = () => machine.dispose();
    });

    after(() => dispose());

    it('brings images and tools', async () => {
      for (const program of ['docker', 'k3d', 'helm', 'kubectl']) assert.equal(await machine.has(program), false);
      const load = await machine.load();
      assertDone(load);
      assert.ok(load.events.some((event) => progressOf(event).startsWith('Loading images')));
      const doctor = await machine.vapp('doctor');
      assertDone(doctor);
      const { checks } = doctor.outcome.value as DoctorReport;
      const found = checks.filter(({ state }) => state === 'ok').map(({ title }) => title);
      for (const title of ['docker', 'buildx', 'k3d', 'helm', 'kubectl']) assert.ok(found.includes(title), title);
    });

    it('lets the app be built and run', async () => {
      const run = await machine.vapp('run', '--no-follow');
      assertDone(run);
      assert.ok(
        run.lines.some((line) => line.includes('SampleApp 0.1.0 started')),
        run.lines.join('\n'),
      );
    });

    it('lets a changed app be built and run', async () => {
      await machine.edit('app/src/main.py', '%s %s started', '%s %s changed without a network');
      const run = await machine.vapp('run', '--no-follow');
      assertDone(run);
      assert.ok(
        run.lines.some((line) => line.includes('changed without a network')),
        run.lines.join('\n'),
      );
    });

    it('gives the nodes what they pull themselves', async () => {
      const { access } = ((await machine.vapp('status')).outcome.value as WorkspaceStatus).runtime;
      assert.ok(access);
      const kubectl = ['/opt/bundle/tools/kubectl', '--kubeconfig', access.kubeconfig, '--context', access.context];
      await machine.run(...kubectl, 'run', 'probe', `--image=${PROBE}`);
      await machine.run(...kubectl, 'wait', '--for=condition=Ready', 'pod/probe', '--timeout=120s');
    });

    it('is not written where there is no room for it', async () => {
      const save = await machine.vapp('bundle', 'save', `${SMALL_FOLDER}/bundle.tar`);
      assertFailed(save, 'no-space', 3);
      assert.equal((await machine.run('ls', '-A', SMALL_FOLDER)).stdout, '');
    });
  });
});

function progressOf(event: JsonEvent): string {
  return event.type === 'step' && event.step === 'bundle' && event.state === 'progress' ? (event.message ?? '') : '';
}

/** What BuildKit writes into an image of the steps that led to it. */
interface CachedStep {
  /** By their places in the image. */
  readonly layers?: readonly { readonly layer: number }[];
}

interface ImageConfig {
  readonly rootfs: { readonly diff_ids: readonly string[] };
  readonly 'moby.buildkit.cache.v0'?: string;
}

interface Descriptor {
  readonly digest: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: { readonly architecture: string };
}

/** The configuration of an image in an archive, of this machine's platform. @param name in full, as containerd has it. */
async function configOf(archive: string, name: string): Promise<ImageConfig> {
  const read = async (entry: string) => {
    const { stdout } = await runCommand({ program: 'tar', args: ['-xOf', archive, entry] }, { maxCapture: 1 << 24 });
    return JSON.parse(stdout) as unknown;
  };
  const blob = ({ digest }: Descriptor) => read(`blobs/${digest.replace(':', '/')}`);
  const { manifests } = (await read('index.json')) as { manifests: Descriptor[] };
  const named = manifests.find(({ annotations }) => annotations?.['io.containerd.image.name'] === name);
  assert.ok(named, `${name} is not in the archive`);
  const manifest = (await blob(named)) as { config?: Descriptor; manifests?: Descriptor[] };
  const own = manifest.manifests?.find(({ platform }) => platform?.architecture === thisPlatform().go);
  const { config } = own ? ((await blob(own)) as { config?: Descriptor }) : manifest;
  assert.ok(config, `${name} is not of this platform`);
  return (await blob(config)) as ImageConfig;
}

/** Id of the sample app's image as bundles name it; empty when the engine has none. */
async function packedAppImage(tools: Toolbox): Promise<string> {
  return (await tools.run('docker', ['images', '--quiet', 'vapp-bundle/sampleapp'])).stdout.trim();
}

/**
 * BuildKit has then two results of each step but the last, and the last one's is on the older ones: what it writes into
 * an image of the steps is about the newer ones.
 */
async function carryOutStepsTwice(workspace: TestWorkspace): Promise<void> {
  assertDone(await workspace.vapp(['build']));
  await workspace.edit('app/src/main.py', '%s %s started', '%s %s began');
  assertDone(await workspace.vapp(['build', '--no-cache']));
  await workspace.edit('app/src/main.py', '%s %s began', '%s %s started');
}

/** A second name for an image that every node has: the container that holds a pod together. */
async function giveProbeToNode(workspace: TestWorkspace, tools: Toolbox): Promise<void> {
  const status = (await workspace.vapp(['status'])).outcome.value as WorkspaceStatus;
  const server = status.runtime.nodes.find(({ role }) => role === 'server')?.name ?? '';
  const ctr = ['exec', server, 'ctr', '--namespace', 'k8s.io', 'images'];
  const { stdout } = await tools.run('docker', [...ctr, 'ls', '-q']);
  const pause = stdout.split('\n').find((name) => /mirrored-pause:[^@]+$/.test(name)) ?? '';
  await tools.run('docker', [...ctr, 'tag', pause, `docker.io/library/${PROBE}`]);
}

/** A configuration of Docker's with a login, and the plugins of the one that is used. */
async function withLogin(tools: Toolbox, folder: string): Promise<Record<string, string>> {
  const own = tools.env['DOCKER_CONFIG'] || join(tools.env['HOME'] ?? '', '.docker');
  const config = join(folder, 'docker-config');
  await mkdir(config);
  await cp(join(own, 'cli-plugins'), join(config, 'cli-plugins'), { recursive: true }).catch(() => undefined);
  await writeFile(join(config, 'config.json'), JSON.stringify({ auths: { 'registry.example.com': { auth: SECRET } } }));
  return { DOCKER_CONFIG: config, REGISTRY_TOKEN: SECRET };
}

/** Whether a file holds a text anywhere. */
async function contains(path: string, text: string): Promise<boolean> {
  let rest = '';
  for await (const chunk of createReadStream(path, { highWaterMark: 4 * 1024 * 1024 })) {
    const piece = rest + (chunk as Buffer).toString('latin1');
    if (piece.includes(text)) return true;
    rest = piece.slice(-text.length);
  }
  return false;
}

async function flipByte(path: string, position: number): Promise<number> {
  const handle = await open(path, 'r+');
  try {
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, position);
    await handle.write(Buffer.from([buffer.readUInt8(0) ^ 0xff]), 0, 1, position);
    return buffer.readUInt8(0);
  } finally {
    await handle.close();
  }
}

async function writeByte(path: string, position: number, byte: number): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.write(Buffer.from([byte]), 0, 1, position);
  } finally {
    await handle.close();
  }
}
