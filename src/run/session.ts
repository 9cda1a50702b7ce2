import { join } from 'node:path';
import { Failure } from '../base';
import { problemsFailure, findRepository, readRepository, type App, type Repository } from '../project';
import { LocalRuntime } from '../runtime';
import { Toolbox, dockerClient, type Docker } from '../tools';

/** Where a session finds what it does not own. */
export interface SessionOptions {
  /** A file or folder inside the repository. */
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  /** Folder of the built-in charts `vehicle-app` and `runtime-services`. */
  readonly chartsDirectory: string;
  /** Where state, kubeconfig and locks live; default `$XDG_DATA_HOME/vscode-velocitas`. */
  readonly dataDirectory?: string;
}

/** One repository with everything needed to act on it: the tools, the engine's client and its runtime. */
export class Session {
  readonly toolbox: Toolbox;
  private engine: Promise<Docker> | undefined;

  private constructor(
    readonly root: string,
    readonly options: SessionOptions,
  ) {
    this.toolbox = new Toolbox(options.env);
  }

  /** @throws Failure `repository-not-found`. */
  static async open(options: SessionOptions): Promise<Session> {
    const root = await findRepository(options.directory);
    if (root === undefined) {
      throw new Failure({
        code: 'repository-not-found',
        fault: 'usage',
        summary: `${options.directory} is not inside a Vehicle App repository.`,
        nextSteps: [
          'Go to a folder with a .velocitas.json, a vapp.yaml or an app/AppManifest.json, or name one with -C.',
        ],
      });
    }
    return new Session(root, options);
  }

  /** Reads the repository's files anew, problems included. */
  read(): Promise<Repository> {
    return readRepository(this.root);
  }

  /**
   * Reads the repository's files anew.
   *
   * @throws Failure when one of them has an error in it.
   */
  async readValid(): Promise<Repository> {
    const repository = await this.read();
    if (repository.problems.some((problem) => problem.severity === 'error')) throw problemsFailure(repository.problems);
    return repository;
  }

  docker(): Promise<Docker> {
    this.engine ??= dockerClient(this.toolbox);
    return this.engine;
  }

  async runtime(repository: Repository): Promise<LocalRuntime> {
    return new LocalRuntime({
      toolbox: this.toolbox,
      docker: await this.docker(),
      workspace: repository.realRoot,
      settings: repository.runtime,
      services: repository.services,
      dataDirectory: this.options.dataDirectory ?? defaultDataDirectory(this.options.env),
      servicesChart: join(this.options.chartsDirectory, 'runtime-services'),
    });
  }

  /** The chart to deploy an app with, absolute. */
  chartPath(app: App): string {
    return app.chart.path ?? join(this.options.chartsDirectory, 'vehicle-app');
  }
}

/**
 * The apps named, or all of them when none is.
 *
 * @throws Failure `app-unknown`.
 */
export function selectApps(repository: Repository, names: readonly string[] = []): readonly App[] {
  if (names.length === 0) return repository.apps;
  return names.map((name) => {
    const app = repository.apps.find((candidate) => candidate.id === name || candidate.name.value === name);
    if (app) return app;
    throw new Failure({
      code: 'app-unknown',
      fault: 'usage',
      summary: `There is no app "${name}" in this repository.`,
      nextSteps: [`Choose one of: ${repository.apps.map((candidate) => candidate.id).join(', ')}.`],
    });
  });
}

/** `$XDG_DATA_HOME/vscode-velocitas`, by the XDG Base Directory Specification. */
export function defaultDataDirectory(env: NodeJS.ProcessEnv): string {
  const base = env['XDG_DATA_HOME'] || join(env['HOME'] ?? '', '.local', 'share');
  return join(base, 'vscode-velocitas');
}
