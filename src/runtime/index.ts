export { LocalRuntime } from './local-runtime';
export type { ChangeOptions, LocalRuntimeOptions, StartedRuntime, UpOptions } from './local-runtime';
export { DEFAULT_K3S_IMAGE, REGISTRY_IMAGE, LABEL, clusterName, kubeAccess } from './names';
export type { ProvideImage, ServiceFile, ServiceValues } from './service-values';
export * from './types';
