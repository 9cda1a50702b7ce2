import { ProgressLocation, l10n } from 'vscode';
import { Cancelled } from '../base';
import type { AppPicture, PodPicture } from '../state';
import type { Folders } from './folders';
import { withProgress } from './notices';
import { choosePod } from './port-forward';
import { nameOf, pictureOf, type AppTarget } from './target';
import { appState } from './tree/app-nodes';

/** Whether a pod runs, or one is on its way: right after a rollout the pod of before has gone and the new one not come into view. */
export function hasOrGetsPod(app: AppPicture): boolean {
  return choosePod(app.pods) !== undefined || getsPod(app);
}

/**
 * A pod of an app that runs: the one that the target names, else the newest ready one. One that is on its way is waited
 * for. Undefined: there is none and none comes.
 *
 * @throws Cancelled when the user does not want to wait.
 */
export async function runningPod(folders: Folders, target: AppTarget): Promise<PodPicture | undefined> {
  const look = () => {
    const app = pictureOf(target);
    return { pod: app && choosePod(app.pods, target.pod), comes: app !== undefined && getsPod(app) };
  };
  const { pod, comes } = look();
  if (pod || !comes) return pod;
  const title = l10n.t('Waiting for a pod of {0}', nameOf(target));
  return withProgress({ location: ProgressLocation.Notification, title, cancellable: true }, (_progress, token) => {
    return new Promise<PodPicture | undefined>((resolve, reject) => {
      const end = () => {
        for (const each of listening) each.dispose();
      };
      const check = () => {
        const now = look();
        if (!now.pod && now.comes) return;
        end();
        resolve(now.pod);
      };
      const cancel = () => {
        end();
        reject(new Cancelled());
      };
      const listening = [folders.onDidChange(check), token.onCancellationRequested(cancel)];
      // The editor takes a moment before it shows progress.
      check();
    });
  });
}

function getsPod(app: AppPicture): boolean {
  const state = appState(app);
  return (state === 'serving' || state === 'updating') && app.workloads.some(({ wanted }) => wanted > 0);
}
