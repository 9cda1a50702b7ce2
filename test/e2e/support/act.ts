import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../../src/tools';
import type { TestWorkspace } from './workspace';

const root = join(__dirname, '..', '..', '..');

/** What a run of workflows came to. */
export interface ActResult {
  readonly exitCode: number;
  readonly output: string;
}

/**
 * Runs the workflows of a repository on this machine with `act`: each job in a folder of its own, as a runner would,
 * and with the tools of the stack.
 */
export class Act {
  private constructor(
    private readonly program: string,
    private readonly workspace: TestWorkspace,
    /** Holds everything that act needs beside the repository. */
    private readonly base: string,
    private readonly notRun: readonly string[],
  ) {}

  /** @param base an empty folder. */
  static async on(workspace: TestWorkspace, program: string, base: string): Promise<Act> {
    const bin = join(base, 'bin');
    await mkdir(bin, { recursive: true });
    await symlink(join(root, 'bin', 'vapp'), join(bin, 'vapp'));
    const stub = join(base, 'not-run');
    await mkdir(stub);
    await writeFile(join(stub, 'action.yml'), NOT_RUN);
    const foreign = await foreignActions(join(workspace.path, '.github'));
    return new Act(
      program,
      workspace,
      base,
      foreign.flatMap((action) => ['--local-repository', `${action}=${stub}`]),
    );
  }

  /** Commits everything and answers the commit's id. */
  async commit(message: string): Promise<string> {
    const git = async (...args: string[]) =>
      (await runCommand({ program: 'git', args, cwd: this.workspace.path })).stdout.trim();
    await git('init', '--quiet', '--initial-branch', 'main');
    await git('add', '--all');
    await git('-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', 'commit', '--quiet', '--message', message);
    if ((await git('remote')) === '') await git('remote', 'add', 'origin', 'https://github.com/Example/Speed-App.git');
    return git('rev-parse', 'HEAD');
  }

  /** Runs a workflow as the push of a ref would. @param ref e.g. `refs/heads/main`. */
  async push(workflow: string, ref: string, registry: string): Promise<ActResult> {
    const event = join(this.base, 'event.json');
    await writeFile(event, JSON.stringify({ ref, repository: { default_branch: 'main' } }));
    const args = [
      ...['push', '--workflows', `.github/workflows/${workflow}`, '--eventpath', event],
      // No containers for the jobs: they run right here.
      ...['--platform', 'ubuntu-24.04=-self-hosted', '--platform', 'ubuntu-24.04-arm=-self-hosted'],
      ...['--no-cache-server', '--concurrent-jobs', '1', '--secret', 'GITHUB_TOKEN=none'],
      ...['--var', `REGISTRY=${registry}`, ...this.notRun],
    ];
    const environment = this.workspace.environment();
    const env = {
      ...environment,
      PATH: `${join(this.base, 'bin')}:${environment['PATH'] ?? ''}`,
      XDG_CACHE_HOME: join(this.base, 'cache'),
    };
    const lines: string[] = [];
    const { exitCode } = await runCommand(
      { program: this.program, args, cwd: this.workspace.path, env },
      { acceptExitCodes: [1], onLine: (line) => lines.push(line) },
    );
    return { exitCode, output: lines.join('\n') };
  }
}

/** Stands where an action of somebody else would be, which cannot be fetched here: the workflows must not run it. */
const NOT_RUN = `name: Not run here
description: Fails when it is run
runs:
  using: composite
  steps:
    - run: echo "an action was run that needs GitHub" && exit 1
      shell: bash
`;

/** What workflows and actions below a folder use of others, `OWNER/NAME@COMMIT`; act itself answers the checkout. */
async function foreignActions(folder: string): Promise<string[]> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.yml'));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  const uses = texts.flatMap((text) =>
    [...text.matchAll(/uses: ([\w-]+\/[\w-]+@[0-9a-f]+)/g)].map(([, name = '']) => name),
  );
  return [...new Set(uses)].filter((name) => !name.startsWith('actions/checkout@'));
}
