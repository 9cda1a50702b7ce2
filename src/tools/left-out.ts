/**
 * Takes the place, in bundles, of what libraries load at once and we never use: `ssh2`, since {@link dockerClient}
 * refuses engines over ssh; gRPC, since BuildKit is driven by its own command line; `whatwg-url`, since Node has `URL`,
 * and would warn of the deprecated module that it loads.
 */
export const Client = undefined;
export default undefined;
