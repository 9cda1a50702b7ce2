import { l10n, workspace } from 'vscode';
import { harmless, type Failure } from '../base';
import type { RunEvent } from '../run';
import type { AppFolder } from './app-folder';
import { loadCore } from './core';
import { aboutLive, showTrouble } from './failure-message';
import type { JobContext } from './job-commands';
import { beginJob, showProgress } from './job-progress';
import type { RunningJob } from './jobs';
import { liveLine } from './live-words';
import { showInformation } from './notices';
import { chooseAppAtHand, nameOf, targetOf } from './target';

/** Start and stop of live updates. */
export class LiveUpdateCommands {
  constructor(private readonly context: JobContext) {}

  /** Brings an app up, then every file that is saved into it. Done when the app is up: the update itself goes on. */
  async start(argument: unknown): Promise<void> {
    const { folders, config, output } = this.context;
    const target = await chooseAppAtHand(folders, argument);
    if (!target) return;
    const { folder, app } = target;
    if (folder.jobs.live.some(({ apps }) => apps.includes(app))) {
      void showInformation(l10n.t('{0} is live already: saved files go into it.', nameOf(target)));
      return;
    }
    if (config.saveBeforeRun) await workspace.saveAll(false);
    const { liveUpdateApps } = await loadCore();
    const description = { kind: 'live', title: l10n.t('Live update of {0}', nameOf(target)), apps: [app] } as const;
    const { job, ended } = beginJob(output, folder, description, (emit, signal) => {
      const tell = this.teller(folder, job);
      const heard = (event: RunEvent): void => {
        emit(event);
        tell(event);
      };
      return liveUpdateApps(folder.session, { apps: [app], follow: 'none' }, heard, signal);
    });
    // Nobody waits for it once the app is up.
    ended.catch((error: unknown) => output.error(error instanceof Error ? error : String(error)));
    await showProgress(folder, job, Promise.race([ended, untilResting(folder, job)]));
  }

  /** Ends live updates, in the folder named or everywhere; done when the apps run from plain images. */
  async stop(argument: unknown): Promise<void> {
    const named = targetOf(argument);
    const among = named ? [named.folder] : this.context.folders.all;
    await Promise.all(among.map(({ jobs }) => jobs.cancel(({ kind }) => kind === 'live')));
  }

  /** Writes which way each change takes, and tells at once of what does not work: once, until something changes it. */
  private teller(folder: AppFolder, job: RunningJob): (event: RunEvent) => void {
    const { output } = this.context;
    let told: readonly Failure[] = [];
    return (event) => {
      if (event.type === 'live') output.info(harmless(liveLine(event), false));
      if (event.type === 'warning') output.warn(harmless(event.message, false));
      const troubles = job.live?.troubles ?? [];
      for (const trouble of troubles) {
        if (!told.includes(trouble)) void showTrouble(output, trouble, aboutLive(folder, job));
      }
      told = troubles;
    };
  }
}

/** Resolves when the job rests for the first time. */
function untilResting({ jobs }: AppFolder, job: RunningJob): Promise<void> {
  return new Promise((resolve) => {
    const listening = jobs.onDidChange(() => {
      if (!job.resting && jobs.running.includes(job)) return;
      listening.dispose();
      resolve();
    });
  });
}
