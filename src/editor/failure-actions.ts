import type { Failure, SourceRange } from '../base';
import type { JobDescription, JobKind } from './jobs';
import type { L10n } from './tree/node';

/** What somebody can do about a failure by one click. */
export type FailureAction =
  | { readonly kind: 'open'; readonly label: string; readonly range: SourceRange }
  /** A command of ours, by its id without `velocitas.`; its argument is what the failure is about. */
  | { readonly kind: 'command'; readonly label: string; readonly command: string };

/** What is known of a failure besides itself. */
export interface FailureOrigin {
  /** Whether it is about one app. */
  readonly ofApp: boolean;
  /** The command that tries once more what failed, without `velocitas.`. */
  readonly again?: string;
}

/** The actions that fit a failure, the likeliest first: the same in a notification, at the line and in the tree. */
export function failureActions(failure: Failure, { ofApp, again }: FailureOrigin, l10n: L10n): FailureAction[] {
  const { code, fault, range, related } = failure;
  // What is a problem of its own has a line in the list of problems.
  const value = related.find(({ evidence }) => evidence === undefined);
  const open = LIMITS.has(code) ? l10n.t('Raise Limit') : l10n.t('Open File');
  const actions: readonly (FailureAction | undefined)[] = [
    range && { kind: 'open', label: open, range },
    value && { kind: 'open', label: l10n.t('Open Value'), range: value.range },
    ofApp && hasPreviousLog(failure)
      ? { kind: 'command', label: l10n.t('Previous Log'), command: 'showPreviousLog' }
      : undefined,
    again === undefined ? undefined : { kind: 'command', label: l10n.t('Try Again'), command: again },
    fault === 'environment' ? { kind: 'command', label: l10n.t('Doctor'), command: 'doctor' } : undefined,
  ];
  return actions.filter((action) => action !== undefined);
}

/** Whether what a container said before its last restart may tell more. */
export function hasPreviousLog({ code }: Failure): boolean {
  return ENDED.has(code);
}

const LIMITS = new Set(['out-of-memory', 'storage-limit-exceeded']);

/** The codes of containers that have run and ended. */
const ENDED = new Set([
  'app-exited',
  'init-container-failed',
  'out-of-memory',
  'liveness-probe-failed',
  'name-not-resolved',
  'file-system-read-only',
]);

/** Where the failure of a job comes from. */
export function originOfJob({ kind, command, apps }: JobDescription): FailureOrigin {
  return { ofApp: apps.length === 1, again: command ?? COMMANDS[kind] };
}

const COMMANDS: Record<JobKind, string> = {
  run: 'run',
  build: 'build',
  start: 'startRuntime',
  stop: 'stopRuntime',
  delete: 'deleteRuntime',
  deploy: 'deploy',
  test: 'test',
  uninstall: 'uninstall',
  rollback: 'rollBack',
  live: 'startLiveUpdate',
};
