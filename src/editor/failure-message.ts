import { Range, Uri, commands, l10n, window, type LogOutputChannel, type TextDocumentShowOptions } from 'vscode';
import { formatLocation, harmless, type Failure, type SourceRange } from '../base';
import { failureActions, originOfJob, type FailureAction, type FailureOrigin } from './failure-actions';
import type { AppFolder } from './app-folder';
import type { JobDescription } from './jobs';
import { showError, showWarning } from './notices';
import type { Target } from './target';

/** What a failure is about, for the commands that are offered with it. */
export interface About {
  readonly origin: FailureOrigin;
  readonly target?: Target;
}

/** What a job's failure is about. */
export function aboutJob(folder: AppFolder, job: JobDescription): About {
  const [app] = job.apps;
  const one = app !== undefined && job.apps.length === 1;
  return { origin: originOfJob(job), target: { folder, ...(one ? { app } : {}) } };
}

/** What does not work during a live update: it is tried again with the next change, and nothing ended before it. */
export function aboutLive(folder: AppFolder, job: JobDescription): About {
  return { ...aboutJob(folder, job), origin: { ofApp: false } };
}

/** Writes all that is known of a failure to our output. */
export function logFailure(output: LogOutputChannel, failure: Failure): void {
  output.error(
    [
      failure.summary,
      ...(failure.range ? [`  ${formatLocation(failure.range)}`] : []),
      ...failure.related.map(({ range, message }) => `  ${formatLocation(range)}: ${message}`),
      ...failure.evidence.map((line) => `  | ${line}`),
      ...failure.nextSteps.map((line) => `  → ${line}`),
    ]
      .flatMap((line) => line.split(/\r?\n/))
      .map((line) => harmless(line, false))
      .join('\n'),
  );
}

/** Tells the user of a failure once, with what can be done about it. */
export async function showFailure(output: LogOutputChannel, failure: Failure, about?: About): Promise<void> {
  await tell(output, failure, about, showError);
}

/** Tells the user once of something that does not work although the job is done. */
export async function showTrouble(output: LogOutputChannel, failure: Failure, about?: About): Promise<void> {
  await tell(output, failure, about, showWarning);
}

async function tell(
  output: LogOutputChannel,
  failure: Failure,
  about: About = { origin: { ofApp: false } },
  show: typeof showError,
): Promise<void> {
  logFailure(output, failure);
  const actions = failureActions(failure, about.origin, l10n);
  const details = l10n.t('Show Details');
  const [nextStep] = failure.nextSteps;
  const message = nextStep === undefined ? failure.summary : `${failure.summary} ${nextStep}`;
  const chosen = await show(message, ...actions.map(({ label }) => label), details);
  const action = actions.find(({ label }) => label === chosen);
  if (action) await perform(action, about);
  else if (chosen === details) output.show(true);
}

async function perform(action: FailureAction, { target }: About): Promise<void> {
  if (action.kind === 'open') await openRange(action.range);
  else await commands.executeCommand(`velocitas.${action.command}`, target && { target });
}

/** Opens a file at a place in it. */
export async function openRange(range: SourceRange, options: TextDocumentShowOptions = {}): Promise<void> {
  await window.showTextDocument(Uri.file(range.file), { ...options, selection: toRange(range) });
}

/** Ours count lines and columns from 1, the editor's from 0. */
export function toRange({ start, end }: SourceRange): Range {
  return new Range(start.line - 1, start.column - 1, end.line - 1, end.column - 1);
}
