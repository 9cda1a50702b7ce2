export { buildImage } from './build';
export { normalizePlatform, normalizePlatforms } from './platforms';
export * from './types';
