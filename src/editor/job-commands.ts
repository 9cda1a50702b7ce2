import { l10n, window, workspace, type LogOutputChannel } from 'vscode';
import { harmless, type Failure } from '../base';
import type { Outcome } from '../run';
import type { AppFolder } from './app-folder';
import type { Config } from './config';
import { loadCore } from './core';
import { aboutJob, showFailure, showTrouble } from './failure-message';
import { beginJob, showProgress } from './job-progress';
import type { Folders } from './folders';
import type { JobDescription, JobWork } from './jobs';
import { ask, showInformation } from './notices';
import { chooseApp, chooseAppAtHand, chooseFolder, nameOf, pictureOf, targetOf, type AppTarget } from './target';

/** What the commands work with. */
export interface JobContext {
  readonly folders: Folders;
  readonly config: Config;
  readonly output: LogOutputChannel;
}

/** The commands that change something. Each shows its progress, can be cancelled, and tells of a failure once. */
export class JobCommands {
  constructor(private readonly context: JobContext) {}

  /** Build while the runtime starts, push, deploy. The log of the app is followed wherever it is shown. */
  async run(argument: unknown): Promise<void> {
    const target = await this.appOf(argument);
    if (!target) return;
    if (this.context.config.saveBeforeRun) await workspace.saveAll(false);
    const { runApps } = await loadCore();
    const { folder, app } = target;
    await this.perform(
      folder,
      { kind: 'run', title: l10n.t('Running {0}', nameOf(target)), apps: [app] },
      (emit, signal) => runApps(folder.session, { apps: [app], follow: 'none' }, emit, signal),
    );
  }

  async build(argument: unknown): Promise<void> {
    const target = await this.appOf(argument);
    if (target) await this.buildFor(target, undefined);
  }

  async buildForPlatforms(argument: unknown): Promise<void> {
    const target = await this.appOf(argument);
    if (!target) return;
    const declared = target.folder.repository?.apps.find(({ id }) => id === target.app)?.platforms ?? [];
    const known = [...new Set([...declared, ...USUAL_PLATFORMS])];
    const chosen = await window.showQuickPick(
      known.map((platform) => ({ label: platform, picked: declared.includes(platform) })),
      { canPickMany: true, placeHolder: l10n.t('Choose the platforms of the image') },
    );
    if (chosen && chosen.length > 0)
      await this.buildFor(
        target,
        chosen.map(({ label }) => label),
      );
  }

  async startRuntime(argument: unknown): Promise<void> {
    const folder = await chooseFolder(this.context.folders, argument);
    if (folder) await this.start(folder);
  }

  /** Starts the runtime of a folder. */
  async start(folder: AppFolder): Promise<void> {
    const { startWorkspace } = await loadCore();
    await this.perform(folder, { kind: 'start', title: l10n.t('Starting the runtime'), apps: [] }, (emit, signal) =>
      startWorkspace(folder.session, emit, signal),
    );
  }

  async stopRuntime(argument: unknown): Promise<void> {
    const folder = await chooseFolder(this.context.folders, argument);
    if (!folder) return;
    const { stopWorkspace } = await loadCore();
    await this.perform(folder, { kind: 'stop', title: l10n.t('Stopping the runtime'), apps: [] }, (emit, signal) =>
      stopWorkspace(folder.session, emit, signal),
    );
  }

  async deleteRuntime(argument: unknown): Promise<void> {
    const folder = await chooseFolder(this.context.folders, argument);
    if (!folder) return;
    const confirm = l10n.t('Delete');
    const answer = await ask(
      l10n.t('Delete the runtime of {0}?', folder.name),
      l10n.t('The cluster, the images in its registry and all data in it are removed.'),
      confirm,
    );
    if (answer !== confirm) return;
    const { deleteWorkspace } = await loadCore();
    await this.perform(folder, { kind: 'delete', title: l10n.t('Deleting the runtime'), apps: [] }, (emit, signal) =>
      deleteWorkspace(folder.session, emit, signal),
    );
  }

  /** Deploys the image built last. */
  async deploy(argument: unknown): Promise<void> {
    const target = await this.appOf(argument);
    if (!target) return;
    const { runApps } = await loadCore();
    const { folder, app } = target;
    await this.perform(
      folder,
      { kind: 'deploy', title: l10n.t('Deploying {0}', nameOf(target)), apps: [app] },
      (emit, signal) => runApps(folder.session, { apps: [app], build: false, follow: 'none' }, emit, signal),
    );
  }

  /** Runs the integration tests beside the app. What they write is in the output of the extension. */
  async test(argument: unknown): Promise<void> {
    const target = await this.deployedAppOf(argument);
    if (!target) return;
    const { testApps } = await loadCore();
    const { folder, app } = target;
    const { output } = this.context;
    output.show(true);
    const outcome = await this.perform(
      folder,
      { kind: 'test', title: l10n.t('Testing {0}', nameOf(target)), apps: [app] },
      (emit, signal) =>
        testApps(
          folder.session,
          { apps: [app] },
          (event) => {
            if (event.type === 'log' && event.event.type === 'line')
              output.info(harmless(event.event.line.text, false));
            emit(event);
          },
          signal,
        ),
    );
    if (outcome.status === 'done')
      void showInformation(l10n.t('The integration tests of {0} have passed.', nameOf(target)));
  }

  async uninstall(argument: unknown): Promise<void> {
    const target = await this.deployedAppOf(argument);
    if (!target) return;
    const { uninstallApps } = await loadCore();
    const { folder, app } = target;
    await this.perform(
      folder,
      { kind: 'uninstall', title: l10n.t('Uninstalling {0}', nameOf(target)), apps: [app] },
      (emit, signal) => uninstallApps(folder.session, { apps: [app] }, emit, signal),
    );
  }

  /** Goes back to a revision that the user picks. */
  async rollBack(argument: unknown): Promise<void> {
    const target = await this.deployedAppOf(argument);
    if (!target) return;
    const { folder, app } = target;
    const revision = await this.chooseRevision(target);
    if (revision === undefined) return;
    const { rollBackApps } = await loadCore();
    await this.perform(
      folder,
      { kind: 'rollback', title: l10n.t('Rolling back {0}', nameOf(target)), apps: [app] },
      (emit, signal) => rollBackApps(folder.session, { apps: [app], revision }, emit, signal),
    );
  }

  /** Ends what is going on: in the folder named, else everywhere. */
  cancel(argument: unknown): void {
    const named = targetOf(argument);
    for (const folder of named ? [named.folder] : this.context.folders.all) {
      for (const job of folder.jobs.running) job.cancel();
    }
  }

  /** Runs a job of a folder with its progress on screen. */
  private async perform<T>(folder: AppFolder, description: JobDescription, work: JobWork<T>): Promise<Outcome<T>> {
    const { output } = this.context;
    // Where there are several, one notification is enough: all are in the Problems panel and the tree.
    const troubles: Failure[] = [];
    const { job, ended } = beginJob(output, folder, description, (emit, signal) =>
      work((event) => {
        if (event.type === 'warning' && event.explanation) troubles.push(event.explanation);
        emit(event);
      }, signal),
    );
    const outcome = await showProgress(folder, job, ended);
    for (const trouble of troubles.slice(0, 1)) void showTrouble(output, trouble, aboutJob(folder, description));
    return outcome;
  }

  private async buildFor(target: AppTarget, platforms: readonly string[] | undefined): Promise<void> {
    const { buildApps } = await loadCore();
    const { folder, app } = target;
    await this.perform(
      folder,
      {
        kind: 'build',
        title: l10n.t('Building {0}', nameOf(target)),
        apps: [app],
        ...(platforms ? { command: 'buildForPlatforms' } : {}),
      },
      (emit, signal) => buildApps(folder.session, { apps: [app], ...(platforms ? { platforms } : {}) }, emit, signal),
    );
  }

  private async chooseRevision(target: AppTarget): Promise<number | undefined> {
    const { appHistory } = await loadCore();
    const history = await appHistory(target.folder.session, target.app);
    if (history.status === 'failed') void showFailure(this.context.output, history.failure);
    if (history.status !== 'done') return undefined;
    const current = pictureOf(target)?.release?.revision;
    const choices = history.value
      .filter(({ revision }) => revision !== current)
      .map(({ revision, status, updated, description }) => ({
        label: l10n.t('Revision {0}', revision),
        description: [status, ...(description === undefined ? [] : [description])].join(' · '),
        detail: updated,
        revision,
      }));
    if (choices.length === 0) {
      void showInformation(l10n.t('{0} has no earlier revision.', nameOf(target)));
      return undefined;
    }
    const placeHolder = l10n.t('Choose the revision to go back to');
    return (await window.showQuickPick(choices, { placeHolder }))?.revision;
  }

  private appOf(argument: unknown): Promise<AppTarget | undefined> {
    return chooseAppAtHand(this.context.folders, argument);
  }

  private deployedAppOf(argument: unknown): Promise<AppTarget | undefined> {
    return chooseApp(this.context.folders, argument, ({ release }) => release !== undefined);
  }
}

const USUAL_PLATFORMS = ['linux/amd64', 'linux/arm64', 'linux/arm/v7'];
