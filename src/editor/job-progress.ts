import { ProgressLocation, l10n, type LogOutputChannel } from 'vscode';
import { harmless } from '../base';
import type { Outcome } from '../run';
import type { AppFolder } from './app-folder';
import { aboutJob, showFailure } from './failure-message';
import type { JobDescription, JobWork, RunningJob } from './jobs';
import { withProgress } from './notices';
import { jobWords } from './words';

/** A job, and its outcome. */
export interface BegunJob<T> {
  readonly job: RunningJob;
  readonly ended: Promise<Outcome<T>>;
}

/** Begins a job of a folder; when it fails that is told once. */
export function beginJob<T>(
  output: LogOutputChannel,
  folder: AppFolder,
  description: JobDescription,
  work: JobWork<T>,
): BegunJob<T> {
  output.info(harmless(`${description.title} (${folder.session.root})`, false));
  const running = folder.jobs.run(description, work);
  const job = folder.jobs.running.at(-1);
  if (!job) throw new Error('a job that has begun is known');
  return { job, ended: running.then((outcome) => told(outcome)) };

  function told(outcome: Outcome<T>): Outcome<T> {
    if (outcome.status === 'cancelled') output.info(`${description.title}: cancelled`);
    // Not awaited: the message stays until the user has read it, the job is done.
    if (outcome.status === 'failed') void showFailure(output, outcome.failure, aboutJob(folder, description));
    return outcome;
  }
}

/** Shows in a notification what a job is at, by which it can be cancelled, for as long as something lasts. */
export async function showProgress<T>(folder: AppFolder, job: RunningJob, lasting: Promise<T>): Promise<T> {
  const options = { location: ProgressLocation.Notification, title: job.title, cancellable: true };
  return withProgress(options, async (progress, token) => {
    const cancelling = token.onCancellationRequested(() => job.cancel());
    const changing = folder.jobs.onDidChange(() => {
      if (job.steps.length > 0) progress.report({ message: jobWords(job, l10n) });
    });
    try {
      return await lasting;
    } finally {
      cancelling.dispose();
      changing.dispose();
    }
  });
}
