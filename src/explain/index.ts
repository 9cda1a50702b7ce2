export { explainPod, explainRefusal, type ExplainHints } from './explain-pod';
export { findLocations, type Location } from './locations';
export { PathIndex, relativeToRoot } from './path-index';
export type { PodCircumstances, PodFacts, Warning } from './pod';
export { placesOfFailure } from './stack-trace';
