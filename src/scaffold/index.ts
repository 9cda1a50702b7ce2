export * from './adoption';
export * from './apply';
export * from './devcontainer-json';
export * from './links';
export * from './template';
