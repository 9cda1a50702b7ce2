import assert from 'node:assert/strict';
import { commands, workspace, type DocumentLink, type Disposable } from 'vscode';
import type { LogEntry } from '../../../src/editor/logs/entries';
import { until } from '../support/until';
import { TestWindow } from '../support/window';

const RUN_LIMIT_MS = 5 * 60_000;

describe('the log of an app', function () {
  this.timeout(RUN_LIMIT_MS);

  const received: LogEntry[] = [];
  let heard: () => void = () => undefined;
  let listening: Disposable;
  let window: TestWindow;

  const lines = () => received.flatMap((entry) => (entry.type === 'line' ? [entry.line.text] : []));
  const untilLine = async (text: string) => {
    while (!lines().some((line) => line.includes(text))) await new Promise<void>((resolve) => (heard = resolve));
  };

  before(async () => {
    window = await TestWindow.open();
    if (window.app.release) await window.perform('uninstall');
    listening = window.api.logs.onDidReceive(({ events }) => {
      received.push(...events);
      heard();
    });
  });

  after(async () => {
    listening.dispose();
    await window.restore();
  });

  it('begins with the first line of what Run App deploys', async () => {
    await window.perform('run');
    await untilLine('SampleApp 0.1.0 started');
    const [first] = received;
    assert.equal(first?.type, 'started');
  });

  it('goes on with the next version, each line once', async () => {
    await window.sayAtStart('the second version');
    await window.perform('run');
    await untilLine('the second version');
    assert.equal(lines().filter((line) => line.includes('SampleApp 0.1.0 started')).length <= 2, true);
    const pods = received.flatMap((entry) => (entry.type === 'started' ? [entry.pod] : []));
    assert.equal(new Set(pods).size, pods.length);
  });

  it('shows what another process deploys, too, with links to the files of the workspace', async () => {
    await window.sayAtStart('  File "/app/main.py", line 7, in main');
    await window.vapp('run', '--no-follow');
    await untilLine('File "/app/main.py"');
    await commands.executeCommand('velocitas.showLog');
    const targets = await untilLinks();
    assert.ok(targets.includes(`${window.path('app/src/main.py')}#L7`), targets.join('\n'));
  });
});

/** Where the links of the log that is shown lead to, as soon as it has some. */
function untilLinks(): Promise<string[]> {
  return until('links', async () => {
    const document = workspace.textDocuments.find(({ uri }) => uri.scheme === 'output' && /SampleApp/.test(uri.path));
    const links = document
      ? await commands.executeCommand<DocumentLink[]>('vscode.executeLinkProvider', document.uri)
      : [];
    const targets = links.flatMap(({ target }) => (target?.scheme === 'file' ? [target] : []));
    return targets.length > 0 ? targets.map(({ fsPath, fragment }) => `${fsPath}#${fragment}`) : undefined;
  });
}
