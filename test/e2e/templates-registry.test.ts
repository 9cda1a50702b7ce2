import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { listTemplates, type Template } from '../../src/scaffold';
import { Toolbox, dockerClient, runCommand, type Docker } from '../../src/tools';
import { stackEnvironment } from '../stack/environment';
import { TEMPLATES } from '../support/sample';
import { untilRegistryAnswers, withRegistry } from './support/images';

const root = join(__dirname, '..', '..');
const DEVCONTAINER = join(root, 'node_modules', '@devcontainers', 'cli', 'devcontainer.js');
const VAPP = join(root, 'dist', 'cli.js');

/** Mode and content of every file below a folder, by path. */
async function filesBelow(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const described = await Promise.all(
    files.sort().map(async (file) => {
      const executable = ((await stat(file)).mode & 0o111) !== 0;
      return [relative(folder, file), `${executable ? 'executable' : 'plain'}\n${await readFile(file, 'latin1')}`];
    }),
  );
  return Object.fromEntries(described) as Record<string, string>;
}

describe('published templates', function () {
  this.timeout('5m');
  let base: string;
  let docker: Docker;
  let templates: readonly Template[];

  before(async () => {
    base = await mkdtemp(join(tmpdir(), 'vapp-templates-'));
    docker = await dockerClient(new Toolbox(await stackEnvironment()));
    templates = await listTemplates(TEMPLATES);
    await node(join(root, 'package-templates.mjs'), base);
  });

  after(() => rm(base, { recursive: true, force: true }));

  const node = async (...args: string[]) => (await runCommand({ program: process.execPath, args, cwd: base })).stdout;

  it('are applied by tools for dev containers to what `vapp new` makes, byte by byte', async () => {
    await withRegistry(docker, async (registry) => {
      await untilRegistryAnswers(registry);
      const publish = ['templates', 'publish', '--registry', registry, '--namespace', 'owner/templates'];
      const published = JSON.parse(await node(DEVCONTAINER, ...publish, join(base, 'src'))) as Record<string, unknown>;
      assert.deepEqual(Object.keys(published).sort(), templates.map(({ id }) => id).sort());

      for (const { id, version } of templates) {
        const [applied, made] = [join(base, id, 'applied'), join(base, id, 'made')];
        const reference = `${registry}/owner/templates/${id}:${version}`;
        const options = ['--template-args', JSON.stringify({ appName: 'SpeedApp' })];
        const apply = ['templates', 'apply', '--workspace-folder', applied, '--template-id', reference, ...options];
        await node(DEVCONTAINER, ...apply);
        await node(VAPP, 'new', id, made, '--name', 'SpeedApp');
        const files = await filesBelow(made);
        assert.ok(Object.keys(files).length > 20, id);
        assert.deepEqual(await filesBelow(applied), files, id);
      }
    });
  });
});
