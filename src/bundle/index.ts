export * from './contents';
export * from './manifest';
export { writeBundle } from './write';
export { IMAGE_NAME, blobOf, imageArchive, readImage, type DescribedImage, type ImageConfig } from './archive';
export { Bundle } from './read';
export { percentOf, type Progress } from './progress';
