import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { devNull, homedir } from 'node:os';
import { join } from 'node:path';
import { runCommand, toolsDirectory, type Command, type CommandResult, type RunOptions, type Toolbox } from '../tools';

/**
 * Where the buildx plugin is, if it is in one of the folders that the docker CLI searches (its `cli-plugins` manager), or
 * where a bundle put it.
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

/**
 * Runs buildx: the plugin itself where it is found, else by the docker CLI. See {@link runCommand} for errors. Whatever
 * it does, it opens a kubeconfig, since a builder may be in a cluster; it gets an empty one unless `env` names another.
 */
export async function runBuildx(
  toolbox: Toolbox,
  args: readonly string[],
  { env: added, ...options }: RunOptions & Pick<Command, 'env'> = {},
): Promise<CommandResult> {
  const env = { KUBECONFIG: devNull, ...added };
  const plugin = await findBuildx(toolbox.env);
  if (plugin === undefined) return toolbox.run('docker', ['buildx', ...args], { ...options, env });
  return runCommand(
    { program: plugin, args, env: toolbox.processEnv(env) },
    { redactor: toolbox.redactor, ...options },
  );
}

/** What the buildx that is used says of itself; undefined when there is none. */
export async function buildxVersion(toolbox: Toolbox, signal?: AbortSignal): Promise<string | undefined> {
  const { stdout, exitCode } = await runBuildx(toolbox, ['version'], { signal, acceptExitCodes: [1, 125] });
  return exitCode === 0 ? stdout.trim() : undefined;
}

function pluginFolders(env: NodeJS.ProcessEnv): string[] {
  return [
    join(env['DOCKER_CONFIG'] || join(env['HOME'] ?? homedir(), '.docker'), 'cli-plugins'),
    '/usr/local/lib/docker/cli-plugins',
    '/usr/local/libexec/docker/cli-plugins',
    '/usr/lib/docker/cli-plugins',
    '/usr/libexec/docker/cli-plugins',
    toolsDirectory(env),
  ];
}
