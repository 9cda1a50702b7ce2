import { ProgressLocation, Uri, env, l10n, window, type LogOutputChannel } from 'vscode';
import type { AppPicture } from '../state';
import { loadCore } from './core';
import { doctorText } from './doctor-text';
import { showFailure } from './failure-message';
import type { Folders } from './folders';
import { showInformation, withProgress } from './notices';
import type { Reports } from './reports';
import { chooseApp, chooseFolder, pictureOf, targetOf, type AppTarget } from './target';

/** What the commands work with. */
export interface ViewContext {
  readonly folders: Folders;
  readonly output: LogOutputChannel;
}

/** The commands that look, open and copy, and change nothing that runs. */
export class ViewCommands {
  constructor(
    private readonly context: ViewContext,
    private readonly reports: Reports,
  ) {}

  async copyImageReference(argument: unknown): Promise<void> {
    const target = await this.appOf(argument, ({ image }) => image !== undefined);
    const image = target && pictureOf(target)?.image;
    if (image !== undefined) await copy(image);
  }

  /** Copies the address of a service or of the registry on this machine. */
  async copyAddress(argument: unknown): Promise<void> {
    const folder = await chooseFolder(this.context.folders, argument);
    if (!folder) return;
    const { services, registry } = folder.picture.runtime;
    const named = targetOf(argument)?.service;
    const service = services.find(({ id }) => id === named);
    const address = named === undefined ? registry?.push : (service?.local ?? service?.cluster);
    if (address !== undefined) await copy(address);
  }

  async openDockerfile(argument: unknown): Promise<void> {
    const target = await this.appOf(argument);
    const file = target && pictureOf(target)?.files.dockerfile;
    if (file !== undefined) await window.showTextDocument(Uri.file(file));
  }

  async openManifest(argument: unknown): Promise<void> {
    const target = await this.appOf(argument, ({ files }) => files.manifest !== undefined);
    const file = target && pictureOf(target)?.files.manifest;
    if (file !== undefined) await window.showTextDocument(Uri.file(file));
  }

  /** Opens the chart's own file; of an app with the built-in chart it offers a copy in the repository. */
  async openChart(argument: unknown): Promise<void> {
    const target = await this.appOf(argument);
    if (!target) return;
    const chart = pictureOf(target)?.files.chart;
    if (chart !== undefined) {
      await window.showTextDocument(Uri.joinPath(Uri.file(chart), 'Chart.yaml'));
      return;
    }
    const accept = l10n.t('Copy Chart');
    const question = l10n.t(
      '{0} is deployed by the built-in chart. Copy it into the repository to change it?',
      target.app,
    );
    if ((await showInformation(question, accept)) === accept) await this.copyChart({ target });
  }

  /** Copies the built-in chart to where the repository's own is looked for first. */
  async copyChart(argument: unknown): Promise<void> {
    const target = await this.appOf(argument, ({ files }) => files.chart === undefined);
    if (!target) return;
    const { copyBuiltInChart } = await loadCore();
    const outcome = await copyBuiltInChart(target.folder.session, target.app);
    if (outcome.status === 'failed') await showFailure(this.context.output, outcome.failure);
    if (outcome.status !== 'done') return;
    await window.showTextDocument(Uri.joinPath(Uri.file(outcome.value), 'values.yaml'));
  }

  /** Checks what is needed and opens the result beside. */
  async doctor(argument: unknown): Promise<void> {
    const folder = await chooseFolder(this.context.folders, argument);
    if (!folder) return;
    const { doctor } = await loadCore();
    const options = {
      location: ProgressLocation.Notification,
      title: l10n.t('Checking Docker, tools and runtime'),
      cancellable: true,
    };
    const outcome = await withProgress(options, (_progress, token) => {
      const stopper = new AbortController();
      token.onCancellationRequested(() => stopper.abort());
      return doctor(folder.session, stopper.signal);
    });
    if (outcome.status === 'failed') await showFailure(this.context.output, outcome.failure);
    if (outcome.status !== 'done') return;
    const title = l10n.t('Doctor');
    await this.reports.show(title, doctorText(title, outcome.value));
  }

  private appOf(argument: unknown, fits?: (app: AppPicture) => boolean): Promise<AppTarget | undefined> {
    return chooseApp(this.context.folders, argument, fits);
  }
}

async function copy(text: string): Promise<void> {
  await env.clipboard.writeText(text);
  window.setStatusBarMessage(l10n.t('Copied {0}', text), COPIED_MS);
}

const COPIED_MS = 3000;
