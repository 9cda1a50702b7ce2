export { connect, deploy, prepareDeploy, type DeployContext } from './deploy';
export {
  releaseSelectors,
  releaseStatus,
  rollback,
  uninstall,
  type ReleaseSubject,
  type RollbackRequest,
  type UninstallRequest,
} from './operations';
export { CONTENT_LABEL } from './history';
export type { KubeObject, LabelSelector, PodObject, WorkloadObject } from './objects';
export { taintsOf } from './nodes';
export { LIVE_LABEL, isLiveUpdateHelper, sessionOf, type LiveTemplate } from './live-template';
export { packageChart, type PackageRequest } from './package';
export { podDetails, type ContainerDetails, type PodDetails } from './pod-details';
export { removeTests, runTests, setTestImage, testsOf, type TestImageRequest, type TestObject } from './release-test';
export * from './types';
export { Warnings } from './warnings';
export { COLLECTIONS, imagesOf, progressOf, selectorOf, workloadPath, type WorkloadKind } from './workloads';
