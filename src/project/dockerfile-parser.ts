import type { Dockerfile } from 'dockerfile-ast';

/**
 * Longest Dockerfile that is parsed, UTF-16 code units. People write a few kilobytes; the parser takes time by the square
 * of the length, and with this half a second at most.
 */
export const MAX_DOCKERFILE_LENGTH = 256 * 1024;

/** Parses a Dockerfile; undefined when it is too long for that. BuildKit may build it all the same. */
export async function parseDockerfile(text: string): Promise<Dockerfile | undefined> {
  if (text.length > MAX_DOCKERFILE_LENGTH) return undefined;
  // Loaded when it is needed: most of what reads a repository does without.
  const { DockerfileParser } = await import('dockerfile-ast');
  return DockerfileParser.parse(text);
}
