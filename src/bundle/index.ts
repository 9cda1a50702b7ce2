export * from './contents';
export * from './manifest';
export { writeBundle } from './write';
export { Bundle } from './read';
export { percentOf, type Progress } from './progress';
