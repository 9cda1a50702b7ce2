export { buildImage } from './build';
export { ensureLocalImage, pruneImages, removeImages } from './local-image';
export { normalizePlatform, normalizePlatforms } from './platforms';
export { pushImage } from './push';
export * from './types';
