import { commands, l10n, window, type QuickPickItem } from 'vscode';
import type { Folders } from './folders';
import { actionsFor } from './sensible-actions';
import { contextOf } from './window-state';

/** Offers what makes sense now, and does what is picked. */
export async function showActions(folders: Folders): Promise<void> {
  const context = contextOf(folders.all.map(({ picture, jobs }) => ({ picture, jobs: jobs.busy, live: jobs.live })));
  const items = actionsFor(context, l10n).map(({ icon, label, command }): QuickPickItem & { command: string } => ({
    label: `$(${icon}) ${label}`,
    command,
  }));
  const chosen = await window.showQuickPick(items, { placeHolder: l10n.t('Velocitas: what to do') });
  if (chosen) await commands.executeCommand(`velocitas.${chosen.command}`);
}
