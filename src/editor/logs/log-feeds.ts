import { commands, l10n, type LogOutputChannel } from 'vscode';
import { harmless } from '../../base';
import type { LogEvent } from '../../logs';
import type { AppFolder } from '../app-folder';
import type { Config } from '../config';
import { loadCore } from '../core';
import type { Folders, InFolder } from '../folders';
import type { JobEvent } from '../jobs';
import { showInformation } from '../notices';
import { Owner } from '../owner';
import { chooseApp, type AppTarget } from '../target';
import type { FeedSource } from './app-feed';
import { AppLog } from './app-log';
import type { LogEntry } from './entries';
import { feedSubject } from './feed-subject';
import type { OpenChannel } from './paged-channel';
import { PreviousLog } from './previous-log';

/** What was shown of an app's log, a batch at a time. */
export interface ReceivedLog {
  readonly folder: AppFolder;
  /** Id of the app. */
  readonly app: string;
  readonly events: readonly LogEntry[];
}

const source: FeedSource = {
  selectors: async (subject, signal) => (await loadCore()).releaseSelectors(subject, signal),
  follow: async (request) => {
    const { followLogs, isLiveUpdateHelper } = await loadCore();
    return withoutContainers(followLogs(request), isLiveUpdateHelper);
  },
};

/** What only prepares a pod begins and ends without a word, which would be noise. What it writes is not. */
async function* withoutContainers(
  batches: AsyncIterable<readonly LogEvent[]>,
  isUnwanted: (container: string) => boolean,
): AsyncGenerator<readonly LogEvent[]> {
  for await (const batch of batches) {
    yield batch.filter((event) => !('container' in event) || !isUnwanted(event.container));
  }
}

export interface LogFeedsOptions {
  readonly folders: Folders;
  readonly config: Config;
  readonly output: LogOutputChannel;
  readonly openChannel: OpenChannel;
}

/** The logs of the deployed apps of all folders. Each is followed from when it is known to be there, shown or not. */
export class LogFeeds extends Owner {
  private readonly logs = new Map<AppFolder, Map<string, AppLog>>();
  private readonly titles = new Map<AppLog, string>();
  private readonly received = this.event<ReceivedLog>();
  private readonly previous: PreviousLog;

  readonly onDidReceive = this.received.event;

  constructor(private readonly options: LogFeedsOptions) {
    super();
    const { folders, openChannel } = options;
    this.previous = this.own(new PreviousLog(folders, openChannel));
    this.own({ dispose: () => Promise.all([...this.logs.keys()].map((folder) => this.forget(folder))) });
    this.own(folders.onDidChange(() => this.update()));
    this.own(folders.onDidEmit((event) => this.prepareToShow(event)));
    this.update();
  }

  /** Brings a log to the front: an app's, or what one of its pods or containers writes. */
  async show(argument: unknown): Promise<void> {
    const target = await chooseApp(this.options.folders, argument);
    if (!target) return;
    const { pod, container } = target;
    const filter = pod === undefined ? undefined : { pod, ...(container === undefined ? {} : { container }) };
    const log = this.logOf(target);
    if (log.worthShowing) log.show(filter);
    else void tellNothingToShow(target);
  }

  /** Shows what a container wrote before its last restart. */
  async showPrevious(argument: unknown): Promise<void> {
    await this.previous.show(argument);
  }

  /** Opens a log in a terminal, in the app's own colours. */
  async openTerminal(argument: unknown): Promise<void> {
    const target = await chooseApp(this.options.folders, argument);
    if (!target) return;
    const log = this.logOf(target);
    if (log.worthShowing) log.openTerminal();
    else void tellNothingToShow(target);
  }

  private update(): void {
    const { all } = this.options.folders;
    for (const folder of [...this.logs.keys()]) if (!all.includes(folder)) void this.forget(folder);
    for (const folder of all) {
      if (!this.logs.has(folder)) this.logs.set(folder, new Map());
      const { picture } = folder;
      for (const { id } of picture.apps) {
        const subject = feedSubject(picture, id);
        const known = this.logs.get(folder)?.get(id);
        if (known) known.update(subject);
        else if (subject !== undefined && subject !== 'none') this.logOf({ folder, app: id }).update(subject);
      }
      this.endFeedsOfRemovedApps(folder);
    }
  }

  private endFeedsOfRemovedApps(folder: AppFolder): void {
    if (folder.picture.failure) return;
    for (const [id, log] of this.logs.get(folder) ?? []) {
      if (!folder.picture.apps.some((app) => app.id === id)) log.update('none');
    }
  }

  /** What a run deploys is what its user wants to see; of a live update the first, or it would come with every change. */
  private prepareToShow({ folder, job, event }: InFolder<JobEvent>): void {
    const deploys = event.type === 'step' && event.step === 'deploy' && event.state === 'started';
    const isWanted = job.kind === 'run' || job.live?.isUp === false;
    if (!deploys || !isWanted || event.app === undefined || !this.options.config.showLogOnRun) return;
    this.logOf({ folder, app: event.app }).showAtNextLine();
  }

  private async forget(folder: AppFolder): Promise<void> {
    const logs = [...(this.logs.get(folder)?.values() ?? [])];
    this.logs.delete(folder);
    for (const log of logs) this.titles.delete(log);
    await Promise.all(logs.map((log) => log.dispose()));
  }

  private logOf({ folder, app }: AppTarget): AppLog {
    const logs = this.logs.get(folder) ?? new Map<string, AppLog>();
    const known = logs.get(app);
    if (known) return known;
    const { config, output, openChannel } = this.options;
    const title = this.titleOf(folder, app);
    const log = new AppLog({ title, source, tail: () => config.logTailLines, output, openChannel });
    log.onDidReceive((events) => this.received.fire({ folder, app, events }));
    this.logs.set(folder, logs.set(app, log));
    this.titles.set(log, title);
    return log;
  }

  /** Of two apps of one name the second names its folder, too. */
  private titleOf(folder: AppFolder, app: string): string {
    const name = folder.picture.apps.find(({ id }) => id === app)?.name ?? app;
    const title = `Velocitas: ${harmless(name, false)}`;
    return [...this.titles.values()].includes(title) ? l10n.t('{0} ({1})', title, harmless(folder.name, false)) : title;
  }
}

async function tellNothingToShow(target: AppTarget): Promise<void> {
  const run = l10n.t('Run App');
  const message = l10n.t('{0} is not running yet, so that there is no log of it.', target.app);
  if ((await showInformation(message, run)) === run) {
    await commands.executeCommand('velocitas.run', { target });
  }
}
