import { Failure, startOfFile, type KubeWarning, type PodSurroundings, type SourceRange } from '../base';
import { whereToSet, type ValueRanges } from '../project';
import { CONTAINER_RULES } from './container-rules';
import type { Explanation } from './explanation';
import type { ContainerFacts, PodFacts } from './pod';
import { POD_RULES, refusedPods } from './pod-rules';

/** What is known of the app besides its pods. */
export interface ExplainHints {
  /** Absolute folder of the chart: where to look first when the pod's description is at fault. */
  readonly chartPath?: string;
  /** Where the chart's values are set. */
  readonly valueRanges?: ValueRanges;
}

/**
 * Says why a pod can never become ready as it is, or undefined while it still may. Only what is certain counts: a
 * container that has ended once is restarted at once and gets that chance; one that has ended twice does not.
 *
 * @param pod a pod as the Kubernetes API writes it.
 */
export function explainPod(
  pod: unknown,
  hints: ExplainHints = {},
  surroundings: PodSurroundings = {},
): Failure | undefined {
  const facts = pod as PodFacts;
  const name = facts.metadata?.name ?? '';
  for (const rule of POD_RULES) {
    const explanation = rule(facts, surroundings);
    if (explanation)
      return failureOf(explanation, `pod ${name}: ${explanation.proof ?? facts.status?.message ?? ''}`, hints);
  }
  const { initContainerStatuses = [], containerStatuses = [] } = facts.status ?? {};
  for (const container of [...initContainerStatuses, ...containerStatuses]) {
    for (const rule of CONTAINER_RULES) {
      const explanation = rule(container, facts, surroundings);
      if (!explanation) continue;
      const proof = explanation.proof ?? stateText(container);
      return failureOf(explanation, `pod ${name}, container ${container.name}: ${proof}`, hints);
    }
  }
  return undefined;
}

/**
 * Says why a workload gets no pods at all, or undefined.
 *
 * @param owner for people, e.g. `Deployment speed-app`.
 * @param warnings of what creates its pods, oldest first.
 */
export function explainRefusal(
  owner: string,
  warnings: readonly KubeWarning[],
  hints: ExplainHints = {},
): Failure | undefined {
  const explanation = refusedPods(warnings);
  return explanation && failureOf(explanation, `${owner}: ${explanation.proof ?? ''}`, hints);
}

function failureOf(explanation: Explanation, evidence: string, hints: ExplainHints): Failure {
  const { code, fault = 'app', summary, nextSteps } = explanation;
  const range = rangeOf(explanation, hints);
  return new Failure({ code, fault, summary, evidence: [evidence], nextSteps, ...(range ? { range } : {}) });
}

/** The value that decides it, where it stands or would stand; else the chart's values as a whole. */
function rangeOf({ inChart = false, values = [] }: Explanation, hints: ExplainHints): SourceRange | undefined {
  if (!inChart) return undefined;
  const { chartPath, valueRanges = new Map<string, SourceRange>() } = hints;
  const exact = values.map((path) => valueRanges.get(path)).find((range) => range !== undefined);
  const near = values.map((path) => whereToSet(valueRanges, path)).find((range) => range !== undefined);
  return exact ?? near ?? (chartPath === undefined ? undefined : startOfFile(`${chartPath}/values.yaml`));
}

function stateText({ state }: ContainerFacts): string {
  const { reason, message } = state?.waiting ?? state?.terminated ?? {};
  return [reason, message].filter(Boolean).join(': ');
}
