export { explainPod, type ExplainHints } from './explain-pod';
export type { PodFacts } from './pod';
