const vscode = require('vscode');

/** The workbench may still be restoring a sidebar of its own, which then comes to the front. Milliseconds. */
const AGAIN = [1000, 3000];

const focus = () => vscode.commands.executeCommand('velocitas.explorer.focus');

exports.activate = (context) => {
  for (const delay of AGAIN) {
    const timer = setTimeout(focus, delay);
    context.subscriptions.push({ dispose: () => clearTimeout(timer) });
  }
  return focus();
};
