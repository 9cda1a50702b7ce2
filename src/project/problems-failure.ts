import { Failure, formatLocation, type Problem } from '../base';

/**
 * The errors among the problems as one failure: it points at the first and lists all. Warnings are left out.
 *
 * @param problems at least one of them an error.
 */
export function problemsFailure(problems: readonly Problem[]): Failure {
  const errors = problems.filter((problem) => problem.severity === 'error');
  const [first, ...others] = errors;
  if (!first) throw new Error('none of the problems is an error');
  const more = others.length === 0 ? '' : ` And ${others.length} more ${others.length === 1 ? 'error' : 'errors'}.`;
  return new Failure({
    code: 'repository-invalid',
    fault: 'app',
    summary: `${first.message}${more}`,
    evidence: errors.map((error) => `${formatLocation(error.range)} ${error.message}`),
    range: first.range,
    nextSteps: [...new Set(errors.flatMap((error) => error.hint ?? []))],
  });
}
