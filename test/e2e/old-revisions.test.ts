import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { WorkspaceStatus } from '../../src/run';
import { Toolbox } from '../../src/tools';
import { lightApp, saying } from './support/light-app';
import { TestWorkspace, assertDone } from './support/workspace';

/** Helm keeps ten revisions, and every tenth it is looked for what is older. */
const TWENTIETH = 20;

describe('images of revisions to which nobody can roll back', function () {
  this.timeout(240_000);
  let workspace: TestWorkspace;
  let tools: Toolbox;
  let status: WorkspaceStatus;

  before(async () => {
    workspace = await TestWorkspace.create('Alte Bilder');
    tools = new Toolbox(workspace.environment());
  });

  after(() => workspace.dispose());

  async function runRevision(line: string, steps: string[] = []): Promise<string> {
    await workspace.write(lightApp({ name: 'Viele', script: saying(line) }));
    const { outcome, events, ...result } = await workspace.vapp(['run', '--no-follow']);
    assertDone({ outcome, events, ...result });
    steps.push(...events.flatMap((event) => (event.type === 'step' && event.state === 'finished' ? [event.step] : [])));
    assert.deepEqual(
      events.flatMap((event) => (event.type === 'warning' ? [event.message] : [])),
      [],
    );
    const [run] = outcome.value as { image: string }[];
    return run?.image.split('@')[1] ?? '';
  }

  /** Digests that the node has of the app's images. */
  async function inNode(): Promise<string[]> {
    const node = status.runtime.nodes[0]?.name ?? '';
    const args = ['exec', node, 'ctr', '--namespace', 'k8s.io', 'images', 'ls', '--quiet'];
    const { stdout } = await tools.run('docker', args);
    return stdout.split('\n').flatMap((name) => /^registry\.vapp\.internal:5000\/viele@(.*)$/.exec(name)?.[1] ?? []);
  }

  /** Whether the registry still hands an image out. */
  async function inRegistry(digest: string): Promise<boolean> {
    const url = `http://${status.runtime.registry?.push}/v2/viele/manifests/${digest}`;
    const types = ['application/vnd.docker.distribution.manifest.v2+json', 'application/vnd.oci.image.index.v1+json'];
    return (await fetch(url, { method: 'HEAD', headers: { accept: types.join() } })).ok;
  }

  it('are removed from node and registry; those of the history stay', async () => {
    const steps: string[] = [];
    const first = await runRevision('first', steps);
    // What Kubernetes did not pull goes as well.
    assert.ok(steps.includes('pull'), steps.join());
    const second = await runRevision('second');
    status = (await workspace.vapp(['status'])).outcome.value as WorkspaceStatus;
    const access = ['--kubeconfig', status.runtime.access?.kubeconfig ?? ''];
    const chart = join(__dirname, '..', '..', 'templates', 'charts', 'vehicle-app');
    for (let revision = 3; revision < TWENTIETH; revision += 1) {
      await tools.run('helm', ['upgrade', 'viele', chart, '--reuse-values', ...access]);
    }
    assert.deepEqual((await inNode()).sort(), [first, second].sort());
    const last = await runRevision('last');
    assert.deepEqual((await inNode()).sort(), [second, last].sort());
    assert.deepEqual(await Promise.all([first, second, last].map(inRegistry)), [false, true, true]);
  });

  it('give their space in the registry back when the runtime is stopped, and what stays can be pulled', async () => {
    const registry = `k3d-${status.runtime.cluster}-registry`;
    const size = async () =>
      Number((await tools.run('docker', ['exec', registry, 'du', '-s', '/var/lib/registry'])).stdout.split('\t')[0]);
    const before = await size();
    assertDone(await workspace.vapp(['stop']));
    assertDone(await workspace.vapp(['up']));
    assert.ok((await size()) < before);
    const { lines, ...result } = await workspace.vapp(['rollback']);
    assertDone({ lines, ...result });
  });
});
