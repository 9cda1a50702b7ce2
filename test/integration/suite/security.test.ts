import assert from 'node:assert/strict';
import { MarkdownString, type TreeItem } from 'vscode';
import type { Row } from '../../../src/editor/tree/app-tree';
import { until, untilEqual } from '../support/until';
import { TestWindow } from '../support/window';

/** A link that runs a command, an image from elsewhere, an icon, HTML, another line, and another direction of writing. */
const NAME =
  '[Fix](command:workbench.action.terminal.new) ![x](https://evil.invalid/x.png) $(warning) <a href="command:x">y</a>\n# z\u202e';

describe('a name of the repository that is no name', () => {
  let window: TestWindow;

  before(async () => {
    window = await TestWindow.open();
  });

  afterEach(async () => {
    await window.restore();
    await untilEqual(() => window.folder.picture.apps.map(({ name }) => name), ['SampleApp']);
  });

  const items = (rows: Row[] = window.api.tree.getChildren()): TreeItem[] =>
    rows.flatMap((row) => [window.api.tree.getTreeItem(row), ...items(window.api.tree.getChildren(row))]);

  it('is shown as what it is in the tree, and does nothing there', async () => {
    await window.edit('app/AppManifest.json', '"SampleApp"', JSON.stringify(NAME));
    await until('the name', () => window.folder.picture.apps.find(({ name }) => name.includes('Fix')));
    const shown = await until('a row', () => {
      const found = items();
      return found.some(({ tooltip }) => tooltip instanceof MarkdownString && tooltip.value.includes('Fix'))
        ? found
        : undefined;
    });
    for (const { label, description, tooltip, command } of shown) {
      for (const text of [label, description]) assert.doesNotMatch(typeof text === 'string' ? text : '', /[\n\u202e]/);
      assert.ok(command === undefined || command.command === 'vscode.open');
      if (!(tooltip instanceof MarkdownString)) continue;
      assert.ok(!tooltip.isTrusted && !tooltip.supportHtml && !tooltip.supportThemeIcons);
      // Whatever would begin a link, an image or HTML is escaped.
      assert.doesNotMatch(tooltip.value, /(?<!\\)(\\\\)*(\[|<)/);
    }
  });
});
