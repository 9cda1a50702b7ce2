export { buildImage } from './build';
export { ensureLocalImage, pruneImages } from './local-image';
export { normalizePlatform, normalizePlatforms } from './platforms';
export { pushImage } from './push';
export * from './types';
