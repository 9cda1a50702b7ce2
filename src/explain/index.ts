export { explainPod, explainRefusal, type ExplainHints } from './explain-pod';
export { findLocations, type Location } from './locations';
export { PathIndex, relativeToRoot } from './path-index';
export type { PodFacts } from './pod';
export { explainService, type ServiceTrouble } from './service-rules';
export { placesOfFailure } from './stack-trace';
