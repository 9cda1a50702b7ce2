export * from './cluster';
export * from './docker';
export * from './kube';
export * from './lines';
export * from './process';
export * from './redact';
export * from './toolbox';
