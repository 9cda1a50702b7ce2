import type { Span } from '../run';
import { fit, formatDuration } from './style';

const LABEL_COLUMNS = 36;
const BAR_COLUMNS = 48;

/**
 * Spans as bars on one axis, from the start of the process: a line each, with its length and how long it took. Parts are
 * set in and have thin bars.
 *
 * @param titleOf what a person calls a step.
 */
export function timelineLines(spans: readonly Span[], titleOf: (span: Span) => string): string[] {
  const end = Math.max(0, ...spans.map(({ to }) => to));
  const column = (ms: number) => (end === 0 ? 0 : Math.round((BAR_COLUMNS * ms) / end));
  const bar = ({ from, to, part }: Span) => {
    const first = Math.min(column(from), BAR_COLUMNS - 1);
    const length = Math.max(1, column(to) - first);
    return (' '.repeat(first) + (part === undefined ? '━' : '─').repeat(length)).padEnd(BAR_COLUMNS);
  };
  const lines = spans.map((span) => {
    const label = span.part === undefined ? titleOf(span) : `  ${span.part}`;
    return `  ${fit(label, LABEL_COLUMNS).padEnd(LABEL_COLUMNS)} ${bar(span)} ${formatDuration(span.to - span.from)}`;
  });
  return [`Timeline, ${formatDuration(end)} from the start of the process:`, ...lines];
}
