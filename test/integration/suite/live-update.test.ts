import assert from 'node:assert/strict';
import { Range, Uri, WorkspaceEdit, commands, languages, workspace, type Disposable } from 'vscode';
import { statusOf } from '../../../src/editor/status';
import { l10n } from '../../unit/editor/tree-fakes';
import { until, untilEqual } from '../support/until';
import { TestWindow, closeEditors } from '../support/window';

const RUN_LIMIT_MS = 5 * 60_000;
const SOURCE = 'app/src/main.py';

describe('a live update', function () {
  this.timeout(RUN_LIMIT_MS);

  const lines: string[] = [];
  let listening: Disposable;
  let window: TestWindow;

  before(async () => {
    window = await TestWindow.open();
    await window.showTree();
    listening = window.api.logs.onDidReceive(({ events }) =>
      lines.push(
        ...events.map((entry) => {
          if (entry.type === 'line') return entry.line.text;
          return 'container' in entry ? `${entry.type} ${entry.container}` : entry.type;
        }),
      ),
    );
  });

  after(async () => {
    await commands.executeCommand('velocitas.stopLiveUpdate');
    listening.dispose();
    await closeEditors();
    await window.restore();
  });

  const untilLine = (text: string) => until(text, () => lines.some((line) => line.includes(text)) || undefined);
  const status = () => {
    const { name, picture, jobs } = window.folder;
    return statusOf([{ name, picture, jobs: jobs.busy, live: jobs.live }], l10n)?.text ?? '';
  };
  const pods = async () => {
    const selector = `app.kubernetes.io/instance=${window.app.id}`;
    const names = await window.kubectl('get', 'pods', '-l', selector, '-o', 'jsonpath={.items[*].metadata.name}');
    return names.split(' ');
  };
  /** Changes a file as somebody does who types and saves. */
  const save = async (text: string) => {
    const uri = Uri.file(window.path(SOURCE));
    const document = await workspace.openTextDocument(uri);
    const edit = new WorkspaceEdit();
    const whole = new Range(0, 0, document.lineCount, 0);
    edit.replace(uri, whole, text);
    await workspace.applyEdit(edit);
    await document.save();
  };

  it('is up when its command is done, and rests', async () => {
    await window.write(SOURCE, await window.read(SOURCE));
    await window.perform('startLiveUpdate');
    assert.deepEqual(
      window.folder.jobs.running.map(({ resting }) => resting),
      [true],
    );
    assert.deepEqual(window.folder.jobs.busy, []);
    await untilEqual(status, 'SampleApp live');
    await window.row(/^app\.deployed\.live\b/);
    await untilEqual(
      () => window.rows().flatMap(({ node }) => (node.context.startsWith('container') ? [node.label] : [])),
      ['app'],
    );
  });

  it('brings a saved line into the running pod', async () => {
    await untilEqual(async () => (await pods()).length, 1);
    const before = await pods();
    const source = await window.read(SOURCE);
    const news = new Promise<string>((resolve) => {
      const looking = window.folder.onDidChange(() => {
        if (!/ live · \d+\.\d+ s$/.test(status())) return;
        looking.dispose();
        resolve(status());
      });
    });
    await save(source.replace('def main()', 'print("saved in the editor", flush=True)\n\n\ndef main()'));
    await untilLine('saved in the editor');
    await news;
    assert.deepEqual(await pods(), before);
    assert.deepEqual(
      lines.filter((line) => line.includes('vapp-live')),
      [],
    );
  });

  it('says at the line why the app ends, until it is mended', async () => {
    const source = await window.read(SOURCE);
    const file = Uri.file(window.path(SOURCE));
    const ours = () => languages.getDiagnostics(file).filter(({ source: by }) => by === 'Velocitas');
    const troubles = () => window.folder.jobs.live.flatMap((update) => update.troubles);
    await save(source.replace('print("saved in the editor", flush=True)', 'raise SystemError("on purpose")'));
    const diagnostic = await until('a problem', () => ours()[0]);
    assert.match(diagnostic.message, /ended with exit code 1/);
    assert.equal(troubles().length, 1);
    await save(source);
    await untilEqual(ours, []);
    assert.deepEqual(troubles(), []);
  });

  it('leaves pods of a plain image when it is stopped', async () => {
    await window.perform('stopLiveUpdate');
    assert.deepEqual(window.folder.jobs.running, []);
    const command = ['-o', 'jsonpath={.spec.template.spec.containers[*].command}'];
    assert.equal(await window.kubectl('get', 'deployment', window.app.id, ...command), '');
    await untilEqual(() => status().startsWith('SampleApp r'), true);
  });
});
