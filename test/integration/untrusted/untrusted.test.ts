import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { DiagnosticSeverity, Uri, commands, languages, tasks, window, workspace } from 'vscode';
import type { ExtensionApi } from '../../../src/extension';
import { until, untilEqual } from '../support/until';
import { theExtension, untilWatched } from '../support/window';

describe('in a folder that is not trusted', () => {
  let api: ExtensionApi;
  const touched = () => readFile(process.env['VAPP_TEST_TOUCHED'] ?? '', 'utf8');
  const folder = () => {
    const [first] = workspace.workspaceFolders ?? [];
    assert.ok(first);
    return first;
  };
  const file = (name: string) => Uri.joinPath(folder().uri, name);

  before(async () => {
    assert.equal(workspace.isTrusted, false);
    api = await theExtension().activate();
    await api.folders.ready;
  });

  it('tells what is wrong with the files, at its line', async () => {
    const manifest = file('app/AppManifest.json');
    const [diagnostic] = await until('a problem', () => {
      const found = languages.getDiagnostics(manifest).filter(({ source }) => source === 'Velocitas');
      return found.length > 0 ? found : undefined;
    });
    assert.equal(diagnostic?.severity, DiagnosticSeverity.Error);
    const lines = (await readFile(manifest.fsPath, 'utf8')).split('\n');
    assert.match(lines[diagnostic.range.start.line] ?? '', /"name": 7/);
  });

  it('reads them again when they change', async () => {
    await untilWatched(folder());
    const manifest = file('app/AppManifest.json');
    const broken = await readFile(manifest.fsPath, 'utf8');
    const problems = () => languages.getDiagnostics(manifest).filter(({ source }) => source === 'Velocitas').length;
    await writeFile(manifest.fsPath, broken.replace('"name": 7', '"name": "Whole"'));
    await untilEqual(problems, 0);
    await writeFile(manifest.fsPath, broken);
    await untilEqual(problems, 1);
  });

  it('tells of what leads out of it, and reads none of that', async () => {
    const services = file('runtime.json');
    const [diagnostic] = await until('a problem', () => {
      const found = languages.getDiagnostics(services).filter(({ source }) => source === 'Velocitas');
      return found.length > 0 ? found : undefined;
    });
    assert.match(diagnostic?.message ?? '', /leads out of the repository by a symbolic link/);
    const all = languages.getDiagnostics().flatMap(([, found]) => found.map(({ message }) => message));
    assert.ok(!all.some((message) => message.includes('of-the-machine')));
  });

  it('shows a name that is no name as what it is', async () => {
    const settings = file('vapp.yaml');
    const message = await until('a problem', () =>
      languages
        .getDiagnostics(settings)
        .map((diagnostic) => diagnostic.message)
        .find((text) => text.includes('Fix')),
    );
    assert.ok(!message.includes('\u202e'), message);
  });

  it('runs none of its tasks, although one says that it is to run when the folder is opened', () => {
    assert.deepEqual(tasks.taskExecutions, []);
  });

  it('has nothing in the tree', async () => {
    await commands.executeCommand('velocitas.explorer.focus');
    assert.deepEqual(api.folders.all, []);
    assert.deepEqual(api.tree.nodes, []);
    assert.deepEqual(api.tree.getChildren(), []);
  });

  it('does nothing by its commands', async () => {
    for (const command of ['run', 'build', 'startRuntime', 'stopRuntime', 'deploy', 'uninstall', 'showLog', 'doctor']) {
      await commands.executeCommand(`velocitas.${command}`);
    }
    assert.deepEqual(window.terminals, []);
  });

  it('adds nothing to the repository, although told to', async () => {
    const root = file('').fsPath;
    const before = await readdir(root);
    await commands.executeCommand('velocitas.adopt', { folder: root, write: true });
    assert.deepEqual(await readdir(root), before);
  });

  it('has neither started a program nor spoken to Docker, which would have been noticed', async () => {
    assert.equal(await touched(), '');
    assert.ok(!(await readdir(file('').fsPath)).includes('traced'));
    await promisify(execFile)('helm', ['version']);
    await untilEqual(touched, 'helm version\n');
    const socket = connect((process.env['DOCKER_HOST'] ?? '').replace('unix://', ''));
    await once(socket, 'close');
    await untilEqual(touched, 'helm version\na connection to the engine\n');
  });
});
