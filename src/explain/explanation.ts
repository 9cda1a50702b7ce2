import type { Fault, PodSurroundings } from '../base';
import type { ContainerFacts, PodFacts } from './pod';

/** What one rule found. */
export interface Explanation {
  readonly code: string;
  /** `app` unless said otherwise. */
  readonly fault?: Fault;
  readonly summary: string;
  readonly nextSteps: readonly string[];
  /** Whether what is at fault stands in the chart or its values. */
  readonly inChart?: boolean;
  /** The chart's values that decide it, by dotted path, the likeliest first. */
  readonly values?: readonly string[];
  /** The words of Kubernetes that the rule went by, when they are not the container's own state. */
  readonly proof?: string;
}

/** The first rule that finds something wins. */
export type PodRule = (pod: PodFacts, surroundings: PodSurroundings) => Explanation | undefined;

export type ContainerRule = (
  container: ContainerFacts,
  pod: PodFacts,
  surroundings: PodSurroundings,
) => Explanation | undefined;

/** The first line of what Kubernetes says, without its full stop. */
export function firstLine(message: string): string {
  return message.trim().split('\n')[0]?.replace(/\.$/, '') ?? '';
}
