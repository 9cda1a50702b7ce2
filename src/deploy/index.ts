export { deploy, prepareDeploy, type DeployContext } from './deploy';
export {
  releaseSelectors,
  releaseStatus,
  rollback,
  uninstall,
  type ReleaseSubject,
  type RollbackRequest,
  type UninstallRequest,
} from './operations';
export * from './types';
