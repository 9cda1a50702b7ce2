/** Takes the place of `ssh2` in bundles: {@link dockerClient} refuses engines over ssh before anything asks for it. */
export const Client = undefined;
