import { basename, join } from 'node:path';
import { Uri, commands, l10n, workspace, type LogOutputChannel } from 'vscode';
import { Failure } from '../base';
import type { AdoptedFile, Adoption } from '../run';
import { adoptedWords, adoptionText, planWords } from './adoption-words';
import type { Config } from './config';
import { loadCore } from './core';
import { showInformation, showWarning } from './notices';
import type { Reports } from './reports';
import { chooseWorkspaceFolder } from './target';

/** What adopting needs to know. What a caller has not said, the user is asked. */
export interface AdoptAnswers {
  /** A folder of the repository, absolute. */
  readonly folder: string;
  /** True: write without asking. False: only show what would be written. */
  readonly write: boolean;
}

/** What the command works with. */
export interface AdoptContext {
  /** Folder with `common` and `charts`. */
  readonly templatesDirectory: string;
  readonly config: Config;
  readonly output: LogOutputChannel;
}

/** Adds devcontainer, chart and workflows to a repository that exists, after showing the diff; overwrites nothing. */
export class AdoptCommand {
  constructor(
    private readonly context: AdoptContext,
    private readonly reports: Reports,
  ) {}

  /**
   * Unsaved changes of a file that would be written are a failure, before the question and again before writing: saving
   * what somebody is in the midst of is not ours to decide, and a plan made of the saved file would be another one.
   */
  async adopt(argument: unknown): Promise<void> {
    const said = (argument ?? {}) as Partial<AdoptAnswers>;
    // The menus know, but other extensions and keybindings do not; and git obeys the settings of a repository.
    if (!workspace.isTrusted) {
      void showInformation(l10n.t('Trust this workspace first: in Restricted Mode nothing is written.'));
      return;
    }
    const folder = said.folder ?? (await chooseWorkspaceFolder());
    if (folder === undefined) return;
    const plan = await this.perform(folder, false);
    if (plan.diff === '') {
      void showInformation(l10n.t('There is nothing to do in {0}: {1}.', nameOf(plan), planWords(plan.files, l10n)));
      return;
    }
    refuseUnsaved(plan);
    if (said.write !== true) {
      await this.reports.showDiff(nameOf(plan), adoptionText(plan, l10n));
      if (said.write === false || !(await isWanted(plan))) return;
      // The question leaves the editor usable: what is written must still be what was shown.
      const now = await this.perform(folder, false);
      if (now.diff !== plan.diff) throw changedMeanwhile(plan);
      refuseUnsaved(now);
    }
    const adoption = await this.perform(folder, true);
    this.context.output.info(
      [`Adopted ${adoption.root}`, ...adoption.files.map(({ path, change }) => `  ${path}: ${change}`)].join('\n'),
    );
    // Not awaited: the message stays until the user has read it, the command is done.
    void tellAdopted(adoption);
  }

  private async perform(directory: string, write: boolean): Promise<Adoption> {
    const { adoptRepository, valueOf } = await loadCore();
    const { templatesDirectory, config } = this.context;
    return valueOf(await adoptRepository({ directory, templatesDirectory, env: config.environment(), write }));
  }
}

async function isWanted(plan: Adoption): Promise<boolean> {
  const write = l10n.t('Write');
  const question = l10n.t('What would become of the files in {0}: {1}.', nameOf(plan), planWords(plan.files, l10n));
  // Not modal, so that the diff can be read before the answer.
  return (await showInformation(question, write, l10n.t('Cancel'))) === write;
}

async function tellAdopted({ root, files }: Adoption): Promise<void> {
  const open = l10n.t('Open');
  const changes = l10n.t('Show Changes');
  const conflict = files.find(({ change }) => change === 'conflict');
  const words = adoptedWords(basename(root), files, l10n);
  const chosen = conflict ? await showWarning(words, open, changes) : await showInformation(words, changes);
  if (chosen === changes) await commands.executeCommand('workbench.view.scm');
  if (chosen === open && conflict) await openConflict(root, conflict);
}

/** The user's file and ours side by side. */
async function openConflict(root: string, { path, writtenTo = path }: AdoptedFile): Promise<void> {
  const [theirs, ours] = [path, writtenTo].map((name) => Uri.file(join(root, name)));
  await commands.executeCommand('vscode.diff', theirs, ours, `${path} ↔ ${basename(writtenTo)}`);
}

/** @throws Failure `unsaved-changes`. */
function refuseUnsaved({ root, files }: Adoption): void {
  const unsaved = workspace.textDocuments.filter(({ isDirty }) => isDirty).map(({ uri }) => uri.toString());
  const paths = files
    .flatMap(({ writtenTo }) => writtenTo ?? [])
    .filter((path) => unsaved.includes(Uri.file(join(root, path)).toString()));
  if (paths.length === 0) return;
  throw new Failure({
    code: 'unsaved-changes',
    fault: 'usage',
    summary: `Nothing was written: there are unsaved changes in ${paths.join(', ')}.`,
    nextSteps: ['Save or revert them, then do it again.'],
  });
}

function changedMeanwhile(plan: Adoption): Failure {
  return new Failure({
    code: 'changed-meanwhile',
    fault: 'usage',
    summary: `Nothing was written: the files in ${nameOf(plan)} have changed since the diff was shown.`,
    nextSteps: ['Do it again to see the new diff.'],
  });
}

function nameOf({ root }: Adoption): string {
  return basename(root);
}
