import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Failure } from '../base';
import { toolsDirectory } from './data-directory';
import { isolationOf } from './isolation';
import { runCommand, type Command, type CommandResult, type RunOptions } from './process';
import { Redactor } from './redact';

export type ToolName = 'docker' | 'k3d' | 'helm' | 'kubectl';

/** The command-line tools of one session: where they are, which version they have, and how they are run. */
export class Toolbox {
  readonly redactor = new Redactor();
  private readonly paths = new Map<ToolName, Promise<string>>();
  private readonly versions = new Map<ToolName, Promise<string>>();

  /** @param env environment in which tools are looked up and run. */
  constructor(readonly env: NodeJS.ProcessEnv = process.env) {
    this.redactor.addFromEnvironment(env);
  }

  /**
   * Where a tool is: the variable `VAPP_<TOOL>` (a path), else the first match in PATH, else where a bundle put it.
   *
   * @throws Failure `tool-missing`.
   */
  path(tool: ToolName): Promise<string> {
    return remember(this.paths, tool, () => this.locate(tool));
  }

  /** The version a tool reports of itself, without a leading `v`, e.g. `3.16.1`. */
  version(tool: ToolName): Promise<string> {
    return remember(this.versions, tool, async () => {
      const { stdout } = await this.run(tool, VERSION_ARGS[tool], { timeoutMs: 20_000 });
      const version = /v?(\d+\.\d+\.\d+[\w.+-]*)/.exec(stdout)?.[1];
      if (version === undefined) {
        throw new Failure({
          code: 'tool-version-unreadable',
          fault: 'environment',
          summary: `${tool} did not say which version it is.`,
          evidence: [stdout.trim()],
        });
      }
      return version;
    });
  }

  /** Runs a tool; see {@link runCommand} for options and errors. */
  async run(
    tool: ToolName,
    args: readonly string[],
    options: RunOptions & Pick<Command, 'cwd' | 'env' | 'stdin'> = {},
  ): Promise<CommandResult> {
    const { cwd, env, stdin, ...runOptions } = options;
    const command: Command = {
      program: await this.path(tool),
      args,
      env: this.processEnv({ ...isolationOf(tool), ...env }),
      ...(cwd === undefined ? {} : { cwd }),
      ...(stdin === undefined ? {} : { stdin }),
    };
    return runCommand(command, { redactor: this.redactor, ...runOptions });
  }

  /** What a {@link Command} needs as `env` so that its process has the environment of this session and no other. */
  processEnv(added: Command['env'] = {}): NonNullable<Command['env']> {
    return { ...withoutInherited(this.env), ...added };
  }

  private async locate(tool: ToolName): Promise<string> {
    const named = this.env[`VAPP_${tool.toUpperCase()}`];
    const candidates = named
      ? [named]
      : [...(this.env['PATH'] ?? '').split(delimiter).filter(Boolean), toolsDirectory(this.env)].map((folder) =>
          join(folder, tool),
        );
    for (const candidate of candidates) {
      try {
        await access(candidate, constants.X_OK);
        if ((await stat(candidate)).isFile()) return candidate;
      } catch {
        // Not here: the next folder is asked; when all have been, the failure below says so.
      }
    }
    throw new Failure({
      code: 'tool-missing',
      fault: 'environment',
      summary: named
        ? `${tool} is not at ${named}, where VAPP_${tool.toUpperCase()} points.`
        : `${tool} was not found in PATH.`,
      nextSteps: [INSTALL_HINT[tool], `Or name its path in the variable VAPP_${tool.toUpperCase()}.`],
    });
  }
}

const VERSION_ARGS: Record<ToolName, string[]> = {
  docker: ['--version'],
  k3d: ['version'],
  helm: ['version', '--short'],
  kubectl: ['version', '--client'],
};

const INSTALL_HINT: Record<ToolName, string> = {
  docker: 'Install the Docker CLI: https://docs.docker.com/engine/install/.',
  k3d: 'Install k3d 5.8 or later: https://k3d.io/#installation.',
  helm: 'Install Helm 3 or 4: https://helm.sh/docs/intro/install/.',
  kubectl: 'Install kubectl: https://kubernetes.io/docs/tasks/tools/.',
};

/** The environment as it is given and no more: variables of this process that it does not name are taken away. */
function withoutInherited(env: NodeJS.ProcessEnv): Record<string, string | undefined> {
  if (env === process.env) return {};
  const inherited = Object.keys(process.env).map((name) => [name, undefined] as const);
  return { ...Object.fromEntries(inherited), ...env };
}

function remember<K, V>(map: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  let value = map.get(key);
  if (!value) {
    value = make();
    map.set(key, value);
    // A failure is not remembered: the tool may be installed while we run.
    value.catch(() => map.delete(key));
  }
  return value;
}
