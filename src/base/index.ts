export * from './cancellation';
export * from './failure';
export * from './source';
