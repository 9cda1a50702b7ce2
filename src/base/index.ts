export * from './cancellation';
export * from './failure';
export * from './harmless';
export * from './pod-surroundings';
export * from './source';
