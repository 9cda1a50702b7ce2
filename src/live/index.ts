export { readChanges, type Change } from './changes';
export { LivePods, type Applied } from './live-pods';
export * from './rules';
export { SourceWatch } from './source-watch';
