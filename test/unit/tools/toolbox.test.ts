import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { devNull, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Failure } from '../../../src/base';
import { Toolbox } from '../../../src/tools';

describe('tools: Toolbox', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vapp-toolbox-'));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function fakeTool(path: string, script: string): Promise<string> {
    const file = join(folder, path);
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, `#!${process.execPath}\n${script}`);
    await chmod(file, 0o755);
    return file;
  }

  it('finds the first executable file in PATH', async () => {
    await mkdir(join(folder, 'a/helm'), { recursive: true });
    await mkdir(join(folder, 'b'), { recursive: true });
    await writeFile(join(folder, 'b/helm'), 'not executable');
    const expected = await fakeTool('c/helm', '');
    await fakeTool('d/helm', '');
    const path = ['a', 'b', 'c', 'd'].map((name) => join(folder, name)).join(delimiter);
    assert.equal(await new Toolbox({ PATH: path }).path('helm'), expected);
  });

  it('prefers the path that its variable names', async () => {
    await fakeTool('path/k3d', '');
    const named = await fakeTool('elsewhere/my k3d', '');
    const toolbox = new Toolbox({ PATH: join(folder, 'path'), VAPP_K3D: named });
    assert.equal(await toolbox.path('k3d'), named);
  });

  it('takes what a bundle brought when PATH has none', async () => {
    const brought = await fakeTool('data/vscode-velocitas/tools/bin/helm', '');
    const env = { PATH: join(folder, 'path'), XDG_DATA_HOME: join(folder, 'data') };
    assert.equal(await new Toolbox(env).path('helm'), brought);
    const own = await fakeTool('path/helm', '');
    assert.equal(await new Toolbox(env).path('helm'), own);
  });

  it('says what is missing and how to get it, and looks again the next time', async () => {
    const toolbox = new Toolbox({ PATH: folder });
    await assert.rejects(toolbox.path('docker'), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.code, 'tool-missing');
      assert.equal(error.fault, 'environment');
      assert.equal(error.nextSteps.length, 2);
      return true;
    });
    const installed = await fakeTool('docker', '');
    assert.equal(await toolbox.path('docker'), installed);
  });

  it('says when the variable points to nothing', async () => {
    const toolbox = new Toolbox({ PATH: folder, VAPP_HELM: join(folder, 'gone') });
    await assert.rejects(toolbox.path('helm'), /VAPP_HELM points/);
  });

  it('reads the version once', async () => {
    await fakeTool('helm', `console.log(process.argv[2] + ' v4.1.4+g05fa379'); console.error('asked');`);
    const toolbox = new Toolbox({ PATH: folder });
    assert.equal(await toolbox.version('helm'), '4.1.4+g05fa379');
    await rm(join(folder, 'helm'));
    assert.equal(await toolbox.version('helm'), '4.1.4+g05fa379');
  });

  it('leads no tool to a cluster or to plug-ins of the user', async () => {
    for (const tool of ['helm', 'k3d', 'kubectl']) await fakeTool(tool, 'console.log(JSON.stringify(process.env))');
    const theirs = { KUBECONFIG: '/home/ada/.kube/config', KUBERNETES_MASTER: 'https://production' };
    const helms = {
      ...{ HELM_KUBEAPISERVER: 'https://production', HELM_KUBETOKEN: 'token', HELM_KUBECONTEXT: 'production' },
      ...{ HELM_NAMESPACE: 'other', HELM_DRIVER: 'sql', HELM_PLUGINS: '/home/ada/plugins' },
    };
    const toolbox = new Toolbox({ PATH: folder, ...theirs, ...helms });
    const envOf = async (tool: 'helm' | 'k3d' | 'kubectl') =>
      JSON.parse((await toolbox.run(tool, [])).stdout) as Record<string, string>;
    for (const tool of ['helm', 'k3d', 'kubectl'] as const) {
      const env = await envOf(tool);
      assert.equal(env['KUBECONFIG'], devNull);
      assert.equal(env['KUBERNETES_MASTER'], undefined);
    }
    const env = await envOf('helm');
    for (const name of ['HELM_KUBEAPISERVER', 'HELM_KUBETOKEN', 'HELM_KUBECONTEXT', 'HELM_NAMESPACE']) {
      assert.equal(env[name], undefined, name);
    }
    assert.equal(env['HELM_DRIVER'], 'secret');
    assert.equal(env['HELM_NO_PLUGINS'], '1');
  });

  it('says when a tool has no version', async () => {
    await fakeTool('k3d', `console.log('k3d version dev')`);
    await assert.rejects(new Toolbox({ PATH: folder }).version('k3d'), { code: 'tool-version-unreadable' });
  });

  it('runs a tool in its own environment and no other', async () => {
    await fakeTool('docker', `console.log(JSON.stringify(process.env))`);
    process.env['VAPP_TEST_LEAK'] = 'leaked';
    try {
      const toolbox = new Toolbox({ PATH: folder, OURS: 'ours', GONE: 'x' });
      const { stdout } = await toolbox.run('docker', [], { env: { MORE: 'more', GONE: undefined } });
      assert.deepEqual(JSON.parse(stdout), { PATH: folder, OURS: 'ours', MORE: 'more' });
    } finally {
      delete process.env['VAPP_TEST_LEAK'];
    }
  });

  it('redacts the credentials of its proxies', async () => {
    await fakeTool('docker', `console.log('via', process.env.HTTP_PROXY, 'with', 'p@ssw0rd')`);
    const toolbox = new Toolbox({ PATH: folder, HTTP_PROXY: 'http://user:p@ssw0rd@proxy:3128' });
    const { stdout } = await toolbox.run('docker', []);
    assert.equal(stdout, 'via http://***@proxy:3128 with ***\n');
  });
});
