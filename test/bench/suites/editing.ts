import { Range, WorkspaceEdit, workspace, type TextDocument } from 'vscode';
import type { ExtensionApi } from '../../../src/extension';

/** Replaces a document's text in the editor; it is not saved. */
export async function replaceText(document: TextDocument, text: string): Promise<void> {
  const edit = new WorkspaceEdit();
  edit.replace(document.uri, new Range(0, 0, document.lineCount, 0), text);
  if (!(await workspace.applyEdit(edit))) throw new Error('the edit was not applied');
}

/** Waits for a line in the app's channel. */
export function lineReceived(logs: ExtensionApi['logs'], line: string): Promise<void> {
  return new Promise((resolve) => {
    const listening = logs.onDidReceive(({ events }) => {
      if (!events.some((event) => event.type === 'line' && event.line.text.includes(line))) return;
      listening.dispose();
      resolve();
    });
  });
}
