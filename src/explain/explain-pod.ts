import { Failure, startOfFile } from '../base';
import type { ContainerFacts, PodFacts } from './pod';
import { CONTAINER_RULES, type Explanation } from './rules';

/** What is known of the app besides its pods. */
export interface ExplainHints {
  /** Absolute folder of the chart: where to look first when the pod's description is at fault. */
  readonly chartPath?: string;
}

/**
 * Says why a pod can never become ready as it is, or undefined while it still may. Only what is certain counts: a
 * container that has ended once is restarted at once and gets that chance; one that has ended twice does not.
 *
 * @param pod a pod as the Kubernetes API writes it.
 */
export function explainPod(pod: unknown, hints: ExplainHints = {}): Failure | undefined {
  const facts = pod as PodFacts;
  const { initContainerStatuses = [], containerStatuses = [] } = facts.status ?? {};
  for (const container of [...initContainerStatuses, ...containerStatuses]) {
    for (const rule of CONTAINER_RULES) {
      const explanation = rule(container, facts);
      if (explanation) return failureOf(explanation, container, facts, hints);
    }
  }
  return undefined;
}

function failureOf(explanation: Explanation, container: ContainerFacts, pod: PodFacts, hints: ExplainHints): Failure {
  const { code, fault = 'app', summary, nextSteps, inChart = false } = explanation;
  const { reason, message } = container.state?.waiting ?? container.state?.terminated ?? {};
  return new Failure({
    code,
    fault,
    summary,
    evidence: [
      `pod ${pod.metadata?.name ?? ''}, container ${container.name}: ${[reason, message].filter(Boolean).join(': ')}`,
    ],
    ...(inChart && hints.chartPath !== undefined ? { range: startOfFile(`${hints.chartPath}/values.yaml`) } : {}),
    nextSteps,
  });
}
