export { explainPod, explainRefusal, type ExplainHints } from './explain-pod';
export { originsInContext, runAtLine, type RunPlace } from './image-origins';
export { findLocations, type Location } from './locations';
export { PathIndex, isOfLibrary, relativeToRoot } from './path-index';
export type { PodFacts } from './pod';
export { explainService, type ServiceTrouble } from './service-rules';
export type { Place, SourceError } from './source-error';
export { findErrors } from './source-errors';
export { placesOfFailure } from './stack-trace';
