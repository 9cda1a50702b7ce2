import { Range, Uri, l10n, window, type LogOutputChannel, type TextDocumentShowOptions } from 'vscode';
import { formatLocation, harmless, type Failure, type SourceRange } from '../base';
import { showError } from './notices';

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
export async function showFailure(output: LogOutputChannel, failure: Failure): Promise<void> {
  logFailure(output, failure);
  const open = l10n.t('Open File');
  const details = l10n.t('Show Details');
  const [nextStep] = failure.nextSteps;
  const message = nextStep === undefined ? failure.summary : `${failure.summary} ${nextStep}`;
  const chosen = await showError(message, ...(failure.range ? [open] : []), details);
  if (chosen === open && failure.range) await openRange(failure.range);
  if (chosen === details) output.show(true);
}

/** Opens a file at a place in it. */
export async function openRange(range: SourceRange, options: TextDocumentShowOptions = {}): Promise<void> {
  await window.showTextDocument(Uri.file(range.file), { ...options, selection: toRange(range) });
}

/** Ours count lines and columns from 1, the editor's from 0. */
export function toRange({ start, end }: SourceRange): Range {
  return new Range(start.line - 1, start.column - 1, end.line - 1, end.column - 1);
}
