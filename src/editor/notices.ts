import { window, type MessageOptions, type Progress, type ProgressOptions, type CancellationToken } from 'vscode';
import { noticeText } from './notice-text';

// The one place where notifications are made: their texts name apps, files and what tools say, none of which is ours.

/** As `window.showInformationMessage`. */
export function showInformation(message: string, ...items: string[]): Thenable<string | undefined> {
  return window.showInformationMessage(noticeText(message), ...items);
}

/** As `window.showWarningMessage`. */
export function showWarning(message: string, ...items: string[]): Thenable<string | undefined> {
  return window.showWarningMessage(noticeText(message), ...items);
}

/** As `window.showErrorMessage`. */
export function showError(message: string, ...items: string[]): Thenable<string | undefined> {
  return window.showErrorMessage(noticeText(message), ...items);
}

/** Asks, and holds everything else up until there is an answer. */
export function ask(message: string, detail: string, ...items: string[]): Thenable<string | undefined> {
  const options: MessageOptions = { modal: true, detail };
  return window.showWarningMessage(noticeText(message), options, ...items);
}

type Work<T> = (progress: Progress<{ readonly message: string }>, token: CancellationToken) => Thenable<T>;

/** As `window.withProgress`. */
export function withProgress<T>(options: ProgressOptions & { readonly title: string }, work: Work<T>): Thenable<T> {
  return window.withProgress({ ...options, title: noticeText(options.title) }, (progress, token) =>
    work({ report: ({ message }) => progress.report({ message: noticeText(message) }) }, token),
  );
}
