export { readChanges, type Change } from './changes';
export { LivePods, type Applied, type ProgramExit } from './live-pods';
export * from './rules';
export { SourceWatch } from './source-watch';
