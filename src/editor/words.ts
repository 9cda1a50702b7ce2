import type { StepId } from '../run';
import type { RuntimePicture } from '../state';
import type { CurrentStep, RunningJob } from './jobs';
import type { L10n } from './tree/node';

/** What a step does, while it does it. */
export function stepWords({ step, app, message }: CurrentStep, l10n: L10n): string {
  const what = STEPS[step](l10n);
  return [app === undefined ? what : `${what} (${app})`, ...(message === undefined ? [] : [message])].join(': ');
}

/** The same for a job about one app, which need not be named again. */
export function jobWords({ title, steps, apps }: Pick<RunningJob, 'title' | 'steps' | 'apps'>, l10n: L10n): string {
  const [step] = steps;
  if (!step) return title;
  const { app, ...rest } = step;
  return stepWords(apps.length > 1 && app !== undefined ? { ...rest, app } : rest, l10n);
}

const STEPS: Record<StepId, (l10n: L10n) => string> = {
  read: (l10n) => l10n.t('Reading the repository'),
  docker: (l10n) => l10n.t('Waiting for Docker'),
  runtime: (l10n) => l10n.t('Starting the runtime'),
  build: (l10n) => l10n.t('Building'),
  push: (l10n) => l10n.t('Pushing'),
  pull: (l10n) => l10n.t('Pulling'),
  services: (l10n) => l10n.t('Starting services'),
  deploy: (l10n) => l10n.t('Deploying'),
  rollout: (l10n) => l10n.t('Rolling out'),
  test: (l10n) => l10n.t('Testing'),
  bundle: (l10n) => l10n.t('Loading the bundle'),
};

/** The state of a runtime in one word: what is being done to it, else how it is. */
export function runtimeWord({ activity, state }: Pick<RuntimePicture, 'activity' | 'state'>, l10n: L10n): string {
  switch (activity ?? state) {
    case 'starting':
      return l10n.t('starting');
    case 'stopping':
      return l10n.t('stopping');
    case 'deleting':
      return l10n.t('deleting');
    case 'running':
      return l10n.t('running');
    case 'stopped':
      return l10n.t('stopped');
    case 'absent':
      return l10n.t('absent');
    case 'unknown':
      return l10n.t('unknown');
  }
}
