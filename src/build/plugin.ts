import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where the buildx plugin is, if it is in one of the folders that the docker CLI searches (its `cli-plugins` manager).
 * Started directly it does what `docker buildx` does, without the CLI's own start and search.
 */
export async function findBuildx(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const folder of pluginFolders(env)) {
    const candidate = join(folder, 'docker-buildx');
    try {
      await access(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not in this folder; the caller falls back to the CLI when it is in none.
    }
  }
  return undefined;
}

function pluginFolders(env: NodeJS.ProcessEnv): string[] {
  return [
    join(env['DOCKER_CONFIG'] || join(env['HOME'] ?? homedir(), '.docker'), 'cli-plugins'),
    '/usr/local/lib/docker/cli-plugins',
    '/usr/local/libexec/docker/cli-plugins',
    '/usr/lib/docker/cli-plugins',
    '/usr/libexec/docker/cli-plugins',
  ];
}
