import { l10n } from 'vscode';
import type { LogWords } from './renderer';

/** The remarks between an app's lines, in the user's language. */
export const logWords: LogWords = {
  started: (container, restart) =>
    restart === 0
      ? l10n.t('{0} started', container)
      : l10n.t('{0} started again (restart {1})', container, restart.toLocaleString()),
  ended: (container, exitCode, reason) => {
    const why = reason === undefined ? '' : ` (${reason})`;
    return exitCode === undefined
      ? l10n.t('{0} ended{1}', container, why)
      : l10n.t('{0} ended with exit code {1}{2}', container, exitCode, why);
  },
  gap: (container, message) => l10n.t('lines of {0} are missing here: {1}', container, message),
  interrupted: (message) => l10n.t('the runtime is away, the log goes on when it is back: {0}', message),
  resumed: () => l10n.t('the runtime is back'),
  omitted: (lines) => l10n.t('… {0} lines left out here; all of them: vapp logs', lines.toLocaleString()),
  earlier: () => l10n.t('… earlier lines are not shown here any more; all of them: vapp logs'),
  unterminated: () => l10n.t('… (no line break follows)'),
  cut: (characters) => l10n.t('… {0} more characters', characters.toLocaleString()),
};
