import { delimiter } from 'node:path';
import { MarkdownString, l10n, type ExtensionContext } from 'vscode';

/** Names the Node that the launchers in `bin/` run `vapp` with. */
const NODE_VARIABLE = 'VELOCITAS_NODE';

/** Makes `vapp` a command of the editor's terminals. One that the user has installed comes first. */
export function registerTerminalPath(context: ExtensionContext): void {
  const variables = context.environmentVariableCollection;
  // What an earlier version of the extension left behind would outlive it.
  variables.clear();
  variables.description = new MarkdownString(l10n.t('Adds the command `vapp`.'));
  variables.append('PATH', `${delimiter}${context.asAbsolutePath('bin')}`);
  variables.replace(NODE_VARIABLE, process.execPath);
}
