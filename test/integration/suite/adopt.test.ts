import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import {
  ConfigurationTarget,
  Position,
  WorkspaceEdit,
  commands,
  window,
  workspace,
  type TextDocument,
  type Uri,
} from 'vscode';
import { until } from '../support/until';
import { answerBy, closeEditors, theExtension } from '../support/window';

const DOCKERFILE = '# Mine.\nFROM scratch\n';
const DEVCONTAINER = '.devcontainer/devcontainer.json';
const CI = '.github/workflows/ci.yml';
const RECORD = '.vapp-template.json';
/** Of a content that no repository holds. */
const UNKNOWN_BLOB = '0'.repeat(40);

describe('adopting a repository', () => {
  let base: string;
  let folder: string;

  // In a browser the editor saves by itself after a second.
  const saveByItself = (how: 'off' | undefined) =>
    workspace.getConfiguration('files').update('autoSave', how, ConfigurationTarget.Global);

  before(async () => {
    await theExtension().activate();
    await saveByItself('off');
  });

  after(() => saveByItself(undefined));

  beforeEach(async () => {
    await closeEditors();
    base = await realpath(await mkdtemp(join(tmpdir(), 'vapp-adopt-')));
    folder = join(base, 'speed-app');
    await write('Dockerfile', DOCKERFILE);
  });

  afterEach(async () => {
    await closeEditors();
    await rm(base, { recursive: true, force: true });
  });

  const write = async (path: string, content: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  };
  const read = (path: string) => readFile(join(folder, path), 'utf8');
  const adopt = (answers: object = {}) => commands.executeCommand('velocitas.adopt', { folder, ...answers });

  /** All files with what is in them. */
  const contents = async (): Promise<Record<string, string>> => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    const files = paths.map(async (path) => [relative(folder, path), await readFile(path, 'utf8')] as const);
    return Object.fromEntries(await Promise.all(files));
  };

  /** The diff in front, if one is. */
  const diff = (): TextDocument | undefined => {
    const document = window.activeTextEditor?.document;
    return document?.uri.scheme === 'velocitas-report' ? document : undefined;
  };

  it('shows what would be done, and changes nothing', async () => {
    await adopt({ write: false });
    const document = await until('the diff', diff);
    assert.equal(document.languageId, 'diff');
    assert.equal(document.isDirty, false);
    assert.match(document.getText(), /^\+\+\+ b\/vapp\.yaml$/m);
    assert.deepEqual(await contents(), { Dockerfile: DOCKERFILE });
  });

  it('does it when told to, leaves the Dockerfile alone, and finds nothing to do the second time', async () => {
    await adopt({ write: true });
    const first = await contents();
    for (const path of ['vapp.yaml', RECORD, DEVCONTAINER, CI, 'deploy/speed-app/helm/Chart.yaml']) {
      assert.ok(path in first, `${path} is not among ${Object.keys(first).join(', ')}`);
    }
    assert.equal(first['Dockerfile'], DOCKERFILE);

    await adopt({ write: true });
    await adopt();
    assert.equal(diff(), undefined);
    assert.deepEqual(await contents(), first);
  });

  it('asks, and does nothing when the question is closed', async () => {
    const asking = adopt();
    await until('the diff', diff);
    await answerBy('notifications.clearAll', asking);
    assert.deepEqual(await contents(), { Dockerfile: DOCKERFILE });
  });

  it('asks, and does it when the answer is Write', async () => {
    await commands.executeCommand('notifications.clearAll');
    const asking = adopt();
    await until('the diff', diff);
    await answerBy('notification.acceptPrimaryAction', asking);
    assert.match(await read('vapp.yaml'), /speed-app/);
  });

  it('writes nothing that is not what was shown', async () => {
    await commands.executeCommand('notifications.clearAll');
    const asking = adopt();
    await until('the diff', diff);
    await write(DEVCONTAINER, '{ "image": "mine" }\n');
    await answerBy('notification.acceptPrimaryAction', asking);
    assert.deepEqual(Object.keys(await contents()).sort(), [DEVCONTAINER, 'Dockerfile']);
    assert.equal(await read(DEVCONTAINER), '{ "image": "mine" }\n');
  });

  it('writes nothing while a file that it would write has unsaved changes', async () => {
    const own = '{ "image": "mine" }\n';
    await write(DEVCONTAINER, own);
    const document = await workspace.openTextDocument(join(folder, DEVCONTAINER));
    await window.showTextDocument(document);
    await insert(document.uri, '// unsaved\n');
    assert.equal(document.isDirty, true);
    await adopt({ write: true });
    assert.deepEqual(await contents(), { Dockerfile: DOCKERFILE, [DEVCONTAINER]: own });

    await document.save();
    await adopt({ write: true });
    assert.match(await read(DEVCONTAINER), /^\/\/ unsaved\n[^]*"image": "mine"[^]*velocitas/);
    assert.match(await read('vapp.yaml'), /speed-app/);
  });

  it('lays ours beside where both have changed', async () => {
    await adopt({ write: true });
    const record = await read(RECORD);
    const { generated } = JSON.parse(record) as { generated: Record<string, string> };
    await write(RECORD, JSON.stringify({ generated: { ...generated, [CI]: UNKNOWN_BLOB } }));
    const ours = await read(CI);
    await write(CI, 'name: Mine\n');
    await adopt({ write: true });
    assert.equal(await read(CI), 'name: Mine\n');
    assert.equal(await read(`${CI}.vapp-new`), ours);
    assert.equal(await read(RECORD), record);
  });

  it('is refused where there is no Dockerfile either; nothing is touched', async () => {
    await rm(join(folder, 'Dockerfile'));
    await write('notes.txt', 'mine');
    await adopt({ write: true });
    assert.deepEqual(await contents(), { 'notes.txt': 'mine' });
  });
});

async function insert(uri: Uri, text: string): Promise<void> {
  const edit = new WorkspaceEdit();
  edit.insert(uri, new Position(0, 0), text);
  assert.equal(await workspace.applyEdit(edit), true);
}
