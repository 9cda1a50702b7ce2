export * from './cancellation';
export * from './digest';
export * from './failure';
export * from './harmless';
export * from './passing-trouble';
export * from './pod-surroundings';
export * from './source';
