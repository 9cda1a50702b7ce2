export type { ClusterApi } from './cluster-watch';
export { watchEngine, type EngineClient } from './engine-watch';
export * from './types';
export type { JudgesOf } from './verdicts';
export {
  BURST_MS,
  WorkspaceWatch,
  type RuntimeReader,
  type WorkspaceSource,
  type WorkspaceWatchOptions,
} from './workspace-watch';
