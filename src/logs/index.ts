export { followLogs } from './follow';
export * from './types';
