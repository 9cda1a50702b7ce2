/** What the faces of the core use of it: one module, so that each bundle has it once and loads it when it is needed. */
export * from './run';
export { isLiveUpdateHelper, releaseSelectors } from './deploy';
export { PathIndex, findLocations, relativeToRoot } from './explain';
export { followLogs } from './logs';
export { findRepository, readRepository, ROOT_MARKERS } from './project';
export { assembleTemplate, complaintAboutName, createApp, isLeftover, listTemplates, placeFor } from './scaffold';
export { WorkspaceWatch } from './state';
export { Toolbox, dockerClient, withoutSecrets } from './tools';
