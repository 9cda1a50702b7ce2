import { Uri, commands, l10n, window, workspace, type LogOutputChannel, type QuickPickItem } from 'vscode';
import type { TemplateSource } from '../scaffold';
import { loadCore } from './core';
import { showInformation } from './notices';

/** What is needed for a new app. What a caller has not said, the user is asked. */
export interface NewAppAnswers {
  /** Id of a template. */
  readonly template: string;
  readonly name: string;
  /** The folder of the new repository, absolute. */
  readonly folder: string;
}

/** Makes the repository of a new app and offers to open it. */
export class NewAppCommand {
  constructor(
    private readonly source: TemplateSource,
    private readonly output: LogOutputChannel,
  ) {}

  async newApp(argument: unknown): Promise<void> {
    const said = (argument ?? {}) as Partial<NewAppAnswers>;
    const template = said.template ?? (await this.askForTemplate());
    if (template === undefined) return;
    const name = said.name ?? (await askForName());
    if (name === undefined) return;
    const folder = said.folder ?? (await askForFolder(name));
    if (folder === undefined) return;
    const { createApp } = await loadCore();
    await createApp(this.source, { template, name, folder });
    this.output.info(`New app ${name} (${template}) in ${folder}`);
    // Not awaited: the offer stays until the user has read it, the command is done.
    void offerToOpen(name, Uri.file(folder));
  }

  private async askForTemplate(): Promise<string | undefined> {
    const { listTemplates } = await loadCore();
    const items = (await listTemplates(this.source)).map(
      ({ id, name, description }): QuickPickItem & { id: string } => ({ label: name, detail: description, id }),
    );
    return (await window.showQuickPick(items, { placeHolder: l10n.t('Choose the language of the new app') }))?.id;
  }
}

async function askForName(): Promise<string | undefined> {
  const { complaintAboutName } = await loadCore();
  return window.showInputBox({
    title: l10n.t('Name of the new app'),
    placeHolder: 'SpeedApp',
    ignoreFocusOut: true,
    validateInput: (name) =>
      complaintAboutName(name) === undefined
        ? undefined
        : l10n.t(
            'A name begins with a letter, and goes on with letters, digits, dashes and underscores: at most 63 in all.',
          ),
  });
}

/** A folder in which there is something gets another one of the app's name. */
async function askForFolder(name: string): Promise<string | undefined> {
  const chosen = await window.showOpenDialog({
    title: l10n.t('An empty folder for {0}, or where to make its folder', name),
    openLabel: l10n.t('Create Here'),
    canSelectFiles: false,
    canSelectFolders: true,
  });
  const [folder] = chosen ?? [];
  if (!folder) return undefined;
  const { placeFor } = await loadCore();
  return placeFor(folder.fsPath, name);
}

async function offerToOpen(name: string, folder: Uri): Promise<void> {
  const here = l10n.t('Open');
  const beside = l10n.t('Open in New Window');
  const isOpen = workspace.workspaceFolders?.some(({ uri }) => uri.fsPath === folder.fsPath) ?? false;
  const offers = isOpen ? [] : [here, beside];
  const chosen = await showInformation(l10n.t('{0} is in {1}.', name, folder.fsPath), ...offers);
  if (chosen !== undefined) {
    await commands.executeCommand('vscode.openFolder', folder, { forceNewWindow: chosen === beside });
  }
}
