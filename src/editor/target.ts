import { Uri, l10n, window, workspace, type QuickPickItem } from 'vscode';
import type { AppPicture } from '../state';
import type { AppFolder } from './app-folder';
import type { Folders } from './folders';
import { showInformation } from './notices';

/** What a command is about. A node of the tree names one as closely as it can; the palette names none. */
export interface Target {
  readonly folder: AppFolder;
  /** Id of an app. */
  readonly app?: string;
  readonly pod?: string;
  readonly container?: string;
  /** Id of a runtime service. */
  readonly service?: string;
}

/** A node of the tree, as commands get it. */
interface HasTarget {
  readonly target: Target;
}

/** A target with an app. */
export type AppTarget = Target & { readonly app: string };

/** The target that a command's first argument names, if it names one. */
export function targetOf(argument: unknown): Target | undefined {
  return (argument as Partial<HasTarget> | undefined)?.target;
}

interface Choice<T> extends QuickPickItem {
  readonly value: T;
}

/** The folder that a command is about: the only one, or the one that the user picks. Undefined: there is none, or the user thought better of it. */
export async function chooseFolder(folders: Folders, argument: unknown): Promise<AppFolder | undefined> {
  const named = targetOf(argument);
  if (named) return named.folder;
  const choices = folders.all.map((folder) => ({
    label: withoutIcons(folder.name),
    description: folder.session.root,
    value: folder,
  }));
  if (choices.length === 0) void showInformation(l10n.t('No Vehicle App repository is open.'));
  return pick(choices, l10n.t('Choose a folder'));
}

/** A folder of the window, with an app in it or not, that the user picks where there are several. @returns an absolute path. */
export async function chooseWorkspaceFolder(): Promise<string | undefined> {
  const choices = (workspace.workspaceFolders ?? [])
    .filter(({ uri }) => uri.scheme === 'file')
    .map(({ name, uri }) => ({ label: withoutIcons(name), description: uri.fsPath, value: uri.fsPath }));
  if (choices.length === 0) void showInformation(l10n.t('No folder is open.'));
  return pick(choices, l10n.t('Choose a folder'));
}

/** The app that a command is about: the only one, or the one that the user picks. `fits` leaves out those it cannot be about. */
export async function chooseApp(
  folders: Folders,
  argument: unknown,
  fits: (app: AppPicture) => boolean = () => true,
): Promise<AppTarget | undefined> {
  const named = targetOf(argument);
  if (named?.app !== undefined) return { ...named, app: named.app };
  const among = named ? [named.folder] : folders.all;
  const choices = among.flatMap((folder) =>
    folder.picture.apps.filter(fits).map((app): Choice<AppTarget> => ({
      label: withoutIcons(app.name),
      description: among.length > 1 ? folder.name : app.id,
      value: { folder, app: app.id },
    })),
  );
  if (choices.length === 0) void showInformation(l10n.t('There is no app for which this can be done now.'));
  return pick(choices, l10n.t('Choose an app'));
}

/** The same, where of several folders the one is meant whose file is named or being edited. */
export function chooseAppAtHand(folders: Folders, argument: unknown): Promise<AppTarget | undefined> {
  if (targetOf(argument)) return chooseApp(folders, argument);
  const file = argument instanceof Uri ? argument : window.activeTextEditor?.document.uri;
  const folder = file?.scheme === 'file' ? folders.containing(file.fsPath) : undefined;
  return chooseApp(folders, folder && { target: { folder } });
}

/** Offers a choice; one possibility needs no asking. */
export async function pick<T>(choices: readonly Choice<T>[], placeHolder: string): Promise<T | undefined> {
  if (choices.length <= 1) return choices[0]?.value;
  return (await window.showQuickPick(choices, { placeHolder, matchOnDescription: true }))?.value;
}

/** What looks like an icon in a name would become one in a list. */
function withoutIcons(name: string): string {
  return name.replaceAll('$(', '$ (');
}

/** What is shown of an app; undefined when it is gone. */
export function pictureOf({ folder, app }: AppTarget): AppPicture | undefined {
  return folder.picture.apps.find(({ id }) => id === app);
}

/** As the app calls itself. */
export function nameOf(target: AppTarget): string {
  return pictureOf(target)?.name ?? target.app;
}
