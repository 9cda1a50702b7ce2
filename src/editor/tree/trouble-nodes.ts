import type { Failure, Problem } from '../../base';
import type { EnginePicture, RuntimePicture, Trouble } from '../../state';
import { hasPreviousLog } from '../failure-actions';
import { row, type L10n, type NodeSubject, type TooltipLine, type TreeNode } from './node';

/** Something wrong in a file; a click opens it there. */
export function problemNode(problem: Problem, id: string, subject: NodeSubject, l10n: L10n): TreeNode {
  const { message, severity, range, hint } = problem;
  const isError = severity === 'error';
  const place = `${range.file.split(/[\\/]/).at(-1) ?? range.file}:${range.start.line}`;
  return row({
    id,
    label: message,
    description: place,
    icon: isError ? 'error' : 'warning',
    tone: isError ? 'bad' : 'warning',
    context: 'problem',
    tooltip: [{ value: message }, ...(hint === undefined ? [] : [{ value: hint }])],
    spoken: `${isError ? l10n.t('Error') : l10n.t('Warning')}: ${message}, ${place}`,
    opens: range,
    subject,
    children: [],
  });
}

/** What failed, and what to do about it; its menu offers what helps with it. */
export function failureNode(
  failure: Failure,
  id: string,
  subject: NodeSubject,
  l10n: L10n,
  severity: Trouble['severity'] = 'error',
): TreeNode {
  const { summary, nextSteps, evidence, range } = failure;
  const isError = severity === 'error';
  const ofApp = subject.app !== undefined;
  const [nextStep] = nextSteps;
  return row({
    id,
    label: summary,
    ...(nextStep === undefined ? {} : { description: nextStep }),
    icon: isError ? 'error' : 'warning',
    tone: isError ? 'bad' : 'warning',
    context: ['problem', ...(ofApp ? ['again'] : []), ...(ofApp && hasPreviousLog(failure) ? ['ended'] : [])].join('.'),
    tooltip: [summary, ...nextSteps, ...evidence].map((value) => ({ value })),
    spoken: `${isError ? l10n.t('Error') : l10n.t('Warning')}: ${[summary, ...nextSteps].join(' ')}`,
    ...(range ? { opens: range } : {}),
    subject,
    children: [],
  });
}

/** What keeps a runtime from being there. That the engine is not up yet is no trouble while somebody waits for it. */
export function runtimeTrouble(runtime: RuntimePicture, engine: EnginePicture): Failure | undefined {
  return runtime.failure ?? (runtime.activity === 'starting' ? undefined : engine.failure);
}

/** A failure in the tooltip of what it is about. */
export function failureLines(failure: Failure | undefined, l10n: L10n): readonly TooltipLine[] {
  if (!failure) return [];
  return [{ name: l10n.t('Failure'), value: failure.summary }, ...failure.nextSteps.map((value) => ({ value }))];
}
