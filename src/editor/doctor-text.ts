import type { DoctorReport } from '../run';
import { withoutLinks } from './notice-text';

/** What the doctor found, as Markdown. */
export function doctorText(title: string, { checks }: DoctorReport): string {
  const marks = { ok: '✅', warning: '⚠️', error: '❌', skipped: '➖' };
  const sections = checks.map(({ title: checked, state, message, nextSteps }) =>
    [
      `${marks[state]} **${withoutLinks(checked)}** ${withoutLinks(message)}`,
      ...nextSteps.map((step) => `   - ${withoutLinks(step)}`),
    ].join('\n'),
  );
  return [`# ${title}`, ...sections].join('\n\n');
}
