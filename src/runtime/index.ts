export { activityEntries, readActivity, type ObservedActivity } from './activity';
export { BackgroundStart } from './background-start';
export { ENGINE_EVENT_FILTERS, concernsCluster, type EngineEvent } from './engine-events';
export { withLock } from './lock';
export { LocalRuntime } from './local-runtime';
export type { ChangeOptions, LocalRuntimeOptions, StartedRuntime, UpOptions } from './local-runtime';
export { identityOf, readMounts } from './mounts';
export {
  CONTAINERD_HOSTS,
  CONTAINERD_NAMESPACE,
  DEFAULT_K3S_IMAGE,
  REGISTRY_IMAGE,
  REGISTRY_PULL_ADDRESS,
  LABEL,
  SERVICES_NAMESPACE,
  SERVICES_RELEASE,
  clusterDirectory,
  clusterHosts,
  clusterName,
  kubeAccess,
  objectNames,
} from './names';
export { nodeProxies, type NodeProxies } from './proxies';
export { findReach, refuseRemoteEngine, type Reach } from './reach';
export { serviceEndpoints, type ProvideImage, type ServiceFile, type ServiceValues } from './service-values';
export * from './types';
export type { WantedPort } from './wanted-ports';
