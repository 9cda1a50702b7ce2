/**
 * Takes the place, in bundles, of what dockerode loads at once and we never use: `ssh2`, since {@link dockerClient}
 * refuses engines over ssh, and gRPC, since BuildKit is driven by its own command line.
 */
export const Client = undefined;
