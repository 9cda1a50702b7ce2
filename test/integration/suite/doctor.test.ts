import assert from 'node:assert/strict';
import { Uri, commands, workspace } from 'vscode';
import { theExtension } from '../support/window';

describe('the doctor', () => {
  before(async () => {
    await theExtension().activate();
  });

  after(() => commands.executeCommand('workbench.action.closeAllEditors'));

  it('reports on the machine, and on a runtime in whatever state it is', async () => {
    await commands.executeCommand('velocitas.doctor');
    const report = await workspace.openTextDocument(Uri.parse('velocitas-report:/Doctor.md'));
    const text = report.getText();
    assert.match(text, /^# Doctor$/m);
    assert.match(text, /^✅ \*\*docker\*\* engine \d+\.\d+/m);
    assert.match(text, /^(✅|➖) \*\*registry\*\* /m);
  });
});
