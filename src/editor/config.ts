import { delimiter } from 'node:path';
import { workspace, type ConfigurationScope, type LogOutputChannel } from 'vscode';
import { Owner } from './owner';

const SECTION = 'velocitas';

/** The settings, read where they are used; `package.json` declares and describes each. */
export class Config extends Owner {
  constructor(private readonly output: LogOutputChannel) {
    super();
    this.tellEffective();
    this.own(
      workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration(SECTION)) this.tellEffective();
      }),
    );
  }

  /** Whether Run App saves changed files first. */
  get saveBeforeRun(): boolean {
    return this.read('saveBeforeRun', true);
  }

  /** Whether Run App brings the log of the app to the front. */
  get showLogOnRun(): boolean {
    return this.read('showLogOnRun', true);
  }

  /** How many of the lines already written are shown when the log of a running app is opened. */
  get logTailLines(): number {
    return this.read('logTailLines', 1000);
  }

  /** Whether the runtime starts when a folder is opened. */
  startOnOpen(scope: ConfigurationScope): boolean {
    return this.read('startOnOpen', false, scope);
  }

  /** The environment of the tools: ours, with the folders of `velocitas.toolPath` first in `PATH`. */
  environment(): NodeJS.ProcessEnv {
    const folders = this.read<string[]>('toolPath', []);
    if (folders.length === 0) return process.env;
    return { ...process.env, PATH: [...folders, process.env['PATH'] ?? ''].join(delimiter) };
  }

  private read<T>(name: string, otherwise: T, scope?: ConfigurationScope): T {
    return workspace.getConfiguration(SECTION, scope).get<T>(name, otherwise);
  }

  private tellEffective(): void {
    const { saveBeforeRun, showLogOnRun, logTailLines } = this;
    const settings = { saveBeforeRun, showLogOnRun, logTailLines, toolPath: this.read<string[]>('toolPath', []) };
    this.output.info(`Settings: ${JSON.stringify(settings)}`);
  }
}
