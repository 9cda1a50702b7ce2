export type { ClusterApi } from './cluster-watch';
export type { EngineClient } from './engine-watch';
export * from './types';
export {
  BURST_MS,
  WorkspaceWatch,
  type RuntimeReader,
  type WorkspaceSource,
  type WorkspaceWatchOptions,
} from './workspace-watch';
