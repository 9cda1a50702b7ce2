import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Failure } from '../base';
import { ToolFailure, runCommand, type CommandResult, type RunOptions } from './process';

/** git's answer to what cannot be: no repository, no such object. */
const FATAL = 128;
/** A merge's exit code is the number of its conflicts, at most so many. */
const MOST_CONFLICTS = 127;

/**
 * A folder of unknown origin may look like a repository without files, with a configuration that names programs to run:
 * to fetch an object that is missing, or to tell which files have changed. None of what we ask needs that.
 */
const SAFE_CONFIGURATION = ['-c', 'safe.bareRepository=explicit', '-c', 'core.fsmonitor=false'];
const SAFE_ENVIRONMENT = { GIT_ALLOW_PROTOCOL: 'none', GIT_NO_LAZY_FETCH: '1' };

/** What we ask of git. It needs a repository only where it says so, and never touches its index, branches or files. */
export class Git {
  /**
   * @param folder any folder of the repository.
   * @param env environment of the processes.
   */
  constructor(
    private readonly folder: string,
    private readonly env: NodeJS.ProcessEnv,
    private readonly signal?: AbortSignal,
  ) {}

  /** A content that the repository holds, by its id; undefined when it holds none, or is none. */
  async blob(id: string): Promise<string | undefined> {
    const { exitCode, stdout } = await this.run(['cat-file', 'blob', id], { acceptExitCodes: [FATAL] });
    return exitCode === 0 ? stdout : undefined;
  }

  /** Puts a content into the repository's store, where {@link blob} finds it. Does nothing outside of a repository. */
  async keep(content: string): Promise<void> {
    await this.run(['hash-object', '-w', '--stdin'], { acceptExitCodes: [FATAL], stdin: content });
  }

  /** Joins two changes of one content; undefined when both changed the same place. */
  merge(user: string, before: string, other: string): Promise<string | undefined> {
    return withFiles({ user, before, other }, async (cwd) => {
      const acceptExitCodes = Array.from({ length: MOST_CONFLICTS }, (_, index) => index + 1);
      const { exitCode, stdout } = await this.run(['merge-file', '--stdout', 'user', 'before', 'other'], {
        cwd,
        acceptExitCodes,
      });
      return exitCode === 0 ? stdout : undefined;
    });
  }

  /** The unified diff of files by their paths; a file that is missing on one side is new or gone. */
  diff(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): Promise<string> {
    const side = (name: string, files: Readonly<Record<string, string>>) =>
      Object.entries(files).map(([path, content]) => [`${name}/${path}`, content]);
    const files = Object.fromEntries([...side('a', before), ...side('b', after)]) as Record<string, string>;
    return withFiles(files, async (cwd) => {
      for (const name of ['a', 'b']) await mkdir(join(cwd, name), { recursive: true });
      const args = ['diff', '--no-index', '--no-color', '--no-ext-diff', '--no-prefix', 'a', 'b'];
      return (await this.run(args, { cwd, acceptExitCodes: [1] })).stdout;
    });
  }

  private async run(
    args: readonly string[],
    { cwd = this.folder, stdin, ...options }: RunOptions & { readonly cwd?: string; readonly stdin?: string } = {},
  ): Promise<CommandResult> {
    const command = {
      program: 'git',
      args: [...SAFE_CONFIGURATION, ...args],
      cwd,
      env: { ...this.env, ...SAFE_ENVIRONMENT },
      ...(stdin === undefined ? {} : { stdin }),
    };
    try {
      return await runCommand(command, { signal: this.signal, ...options });
    } catch (error) {
      if (!(error instanceof ToolFailure) || error.code !== 'tool-missing') throw error;
      throw new Failure({
        code: 'tool-missing',
        fault: 'environment',
        summary: 'git was not found in PATH.',
        nextSteps: ['Install git: https://git-scm.com/downloads.'],
      });
    }
  }
}

/** Files by their paths in a new folder, for as long as the work takes. */
async function withFiles<T>(files: Readonly<Record<string, string>>, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'vapp-git-'));
  try {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
