export { DEFAULT_APP_PORT, DEFAULT_PLATFORMS, DEFAULT_TEST_TARGET } from './apps';
export { parseDockerfile } from './dockerfile-parser';
export {
  readStages,
  type Bind,
  type CopyStep,
  type DockerfileStage,
  type DockerfileStep,
  type RunStep,
} from './dockerfile-stages';
export { declareArgument, expandVariables } from './dockerfile-variables';
export { findRepository, isRepositoryRoot, ROOT_MARKERS } from './find';
export { matchesName, matchesPath } from './glob';
export { offsetOfExcessiveDepth } from './json-text';
export { applicationId, closest, isDnsLabel, MAX_APP_ID_LENGTH, MAX_DNS_LABEL_LENGTH } from './names';
export { isOutside, leadsOut } from './paths';
export { problemsFailure } from './problems-failure';
export { readRepository, type ReadRepositoryOptions } from './repository';
export { MAX_FILE_SIZE, readSmallFile } from './text-file';
export * from './types';
export { whereToSet } from './value-ranges';
