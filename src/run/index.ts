export * from './environment';
export * from './images';
export * from './operations';
export * from './pipeline';
export * from './session';
export * from './start';
export * from './steps';
export * from './types';
