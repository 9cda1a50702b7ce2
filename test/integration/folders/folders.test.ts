import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { Uri, commands, languages, window as editor, workspace } from 'vscode';
import type { AppFolder } from '../../../src/editor/app-folder';
import type { ExtensionApi } from '../../../src/extension';
import { more, openResources } from '../support/resources';
import { until, untilEqual } from '../support/until';
import { TestWindow, acceptProposals, theExtension } from '../support/window';

const LIMIT_MS = 3 * 60_000;

/** In one window, from the extension's first moment to its last; each test goes on where the one before ended. */
describe('folders that come and go', function () {
  this.timeout(LIMIT_MS);
  const [app = '', other = ''] = JSON.parse(process.env['VAPP_TEST_FOLDERS'] ?? '[]') as string[];
  let atFirst: ReadonlyMap<string, number>;
  let withOne: ReadonlyMap<string, number>;
  let api: ExtensionApi;

  const names = () => api.folders.all.map(({ name }) => name);
  const labels = () => api.tree.nodes.map(({ label }) => label);
  const open = async (path: string): Promise<AppFolder> => {
    await changeFolders(workspace.workspaceFolders?.length ?? 0, 0, { uri: Uri.file(path) });
    api = await theExtension().activate();
    return until(basename(path), () => api.folders.all.find(({ session }) => session.root === path));
  };

  before(() => {
    assert.equal(theExtension().isActive, false);
    atFirst = openResources();
  });

  it('load nothing heavy before one of them holds an app', async function () {
    const began = performance.now();
    const { folders } = await theExtension().activate();
    const tookMs = performance.now() - began;
    this.test!.title += ` (activation: ${tookMs.toFixed(0)} ms)`;
    await folders.ready;
    assert.deepEqual(loadedBundles(), ['base.js', 'extension.js']);
  });

  it('bring what is to be shown with the first that holds an app', async () => {
    const folder = await open(app);
    await untilEqual(() => folder.picture.engine.state, 'up');
    if (folder.picture.runtime.state !== 'running') await commands.executeCommand('velocitas.startRuntime');
    await untilEqual(() => folder.picture.runtime.followed, true);
    assert.deepEqual(labels(), ['Apps', 'Runtime']);
    // What is followed of a running app is open from here on.
    await commands.executeCommand('velocitas.run', { target: { folder, app: 'sampleapp' } });
  });

  it('have a row each when there are two', async () => {
    await untilEqual(() => more(atFirst).length > 0, true);
    withOne = openResources();
    await open(other);
    await untilEqual(labels, ['app', 'other']);
    assert.deepEqual(
      api.tree.nodes.map(({ context }) => context),
      ['folder', 'folder'],
    );
    await commands.executeCommand('velocitas.explorer.focus');
    await untilEqual(() => api.tree.getChildren().map(({ target }) => target.folder.name), ['app', 'other']);
  });

  it('start their runtime when they are opened, where the folder says so', async () => {
    const [first, second] = api.folders.all;
    await untilEqual(() => second?.picture.runtime.followed, true);
    await untilEqual(() => second?.jobs.running, []);
    assert.notEqual(second?.picture.runtime.access?.context, first?.picture.runtime.access?.context);
  });

  it('have a log each, although their apps share a name', async () => {
    const [, second] = api.folders.all;
    await commands.executeCommand('velocitas.run', { target: { folder: second, app: 'sampleapp' } });
    for (const folder of api.folders.all) {
      await commands.executeCommand('velocitas.showLog', { target: { folder, app: 'sampleapp' } });
    }
    await untilEqual(() => ['SampleApp', 'SampleApp (other)'].filter((title) => !channels().includes(title)), []);
  });

  it('are told apart by the file that is edited and by the row', async () => {
    const rows = api.tree.getChildren();
    await commands.executeCommand('velocitas.openDockerfile', {
      target: { ...rows[1]!.target, app: 'sampleapp' },
    });
    await untilEqual(() => editor.activeTextEditor?.document.uri.fsPath, join(other, 'app', 'Dockerfile'));
    assert.equal(api.folders.containing(join(other, 'app', 'Dockerfile'))?.name, 'other');
  });

  it('are shown once, when two lie in one repository', async () => {
    await changeFolders(3, 0, { uri: Uri.file(join(app, 'app')), name: 'inside' });
    await api.folders.ready;
    assert.deepEqual(names(), ['app', 'other']);
    await changeFolders(3, 1);
    await api.folders.ready;
    assert.deepEqual(names(), ['app', 'other']);
  });

  it('end with all they watch when they are removed', async () => {
    const second = api.folders.all[1]!;
    const manifest = join(other, 'app', 'AppManifest.json');
    await breakManifest(manifest);
    await untilEqual(() => languages.getDiagnostics(Uri.file(manifest)).length, 1);
    await commands.executeCommand('workbench.action.closeAllEditors');
    await changeFolders(2, 1);
    await untilEqual(names, ['app']);
    await untilEqual(() => second.disposed, true);
    await untilEqual(() => languages.getDiagnostics(Uri.file(manifest)).length, 0);
    await untilEqual(() => more(withOne), []);
    assert.deepEqual(labels(), ['Apps', 'Runtime']);
  });

  it('leave nothing behind when the extension ends in the midst of its work', async () => {
    const window = await TestWindow.open();
    await window.showTree();
    await window.perform('run');
    await acceptProposals(commands.executeCommand('velocitas.forwardPort', await window.row(/^app\b/)));
    await window.row(/^forward$/);
    await commands.executeCommand('velocitas.openLogTerminal', await window.row(/^app\b/));
    await window.sayAtStart('never to be seen');
    const running = window.perform('run');
    await until('a build', () => window.folder.jobs.running[0]?.steps.find(({ step }) => step === 'build'));

    const file = join(theExtension().extensionPath, 'dist', 'extension.js');
    await (createRequire(__filename)(file) as typeof import('../../../src/extension')).deactivate();
    await running;
    await window.restore();
    assert.deepEqual(window.folder.jobs.running, []);
    assert.equal(window.folder.disposed, true);
    const ours = (await commands.getCommands(true)).filter((id) => /^velocitas\.\w+$/.test(id));
    assert.deepEqual(ours, []);
    await untilEqual(() => more(atFirst), []);
  });
});

/** Our bundles that the editor has loaded. */
function loadedBundles(): string[] {
  const folder = join(theExtension().extensionPath, 'dist');
  const loaded = Object.keys(createRequire(__filename).cache).filter((file) => dirname(file) === folder);
  return loaded.map((file) => basename(file)).sort();
}

/** The titles of our apps' channels that have been shown. */
function channels(): (string | undefined)[] {
  const documents = workspace.textDocuments.filter(({ uri }) => uri.scheme === 'output');
  return documents.map(({ uri }) => /SampleApp.*/.exec(uri.path)?.[0]);
}

/** The editor takes one change at a time, and says when it is done. */
async function changeFolders(...change: Parameters<typeof workspace.updateWorkspaceFolders>): Promise<void> {
  const changed = new Promise<void>((resolve) => {
    const listening = workspace.onDidChangeWorkspaceFolders(() => {
      listening.dispose();
      resolve();
    });
  });
  assert.equal(workspace.updateWorkspaceFolders(...change), true);
  await changed;
}

async function breakManifest(file: string): Promise<void> {
  const text = Buffer.from(await workspace.fs.readFile(Uri.file(file))).toString();
  await workspace.fs.writeFile(Uri.file(file), Buffer.from(text.replace('"SampleApp"', '7')));
}
