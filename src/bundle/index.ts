export * from './contents';
export * from './manifest';
export { writeBundle } from './write';
export { imageConfig, type ImageConfig } from './archive';
export { Bundle } from './read';
export { percentOf, type Progress } from './progress';
