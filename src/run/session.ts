import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../base';
import {
  problemsFailure,
  findRepository,
  readRepository,
  type App,
  type Repository,
  type RuntimeSettings,
} from '../project';
import { LocalRuntime, clusterHosts, clusterName, identityOf, readMounts } from '../runtime';
import { Toolbox, defaultDataDirectory, dockerClient, type Docker } from '../tools';
import { readMachine, withoutProxyFor, type MachineSettings } from './machine';

export { defaultDataDirectory };

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
    /** Tells the workspace from every other one on the engine, and stays the same for as long as it is where it is. */
    readonly identity: string,
    readonly options: SessionOptions,
    /** What the machine has been set up with. */
    readonly machine: MachineSettings,
    env: NodeJS.ProcessEnv,
  ) {
    this.toolbox = new Toolbox(env);
  }

  /** @throws Failure `repository-not-found`, `machine-settings-invalid`, `machine-settings-missing`. */
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
    const { settings, env } = await readMachine(options.env);
    const identity = identityOf(await realpath(root), await readMounts());
    return new Session(root, identity, options, settings, withoutProxyFor(env, clusterHosts(clusterName(identity))));
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
    this.engine ??= dockerClient(this.toolbox).catch((error: unknown) => {
      // What was wrong with the address may be mended by the next time.
      this.engine = undefined;
      throw error;
    });
    return this.engine;
  }

  /** Where state, kubeconfig and locks live. */
  get dataDirectory(): string {
    return this.options.dataDirectory ?? defaultDataDirectory(this.options.env);
  }

  /** What `vapp.yaml` says of the runtime, completed by the settings of the machine. */
  runtimeSettings({ runtime }: Repository): RuntimeSettings {
    const { k3sImage } = this.machine;
    return runtime.k3sImage || k3sImage === undefined ? runtime : { ...runtime, k3sImage: { value: k3sImage } };
  }

  async runtime(repository: Repository): Promise<LocalRuntime> {
    return new LocalRuntime({
      toolbox: this.toolbox,
      docker: await this.docker(),
      workspace: this.identity,
      settings: this.runtimeSettings(repository),
      ...(this.machine.caCertificate === undefined ? {} : { caCertificate: this.machine.caCertificate }),
      services: repository.services,
      dataDirectory: this.dataDirectory,
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
