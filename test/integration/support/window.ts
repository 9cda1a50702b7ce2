import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RelativePattern, commands, extensions, workspace, type Extension, type WorkspaceFolder } from 'vscode';
import type { AppFolder } from '../../../src/editor/app-folder';
import type { JobEnd, JobEvent } from '../../../src/editor/jobs';
import type { Row } from '../../../src/editor/tree/app-tree';
import type { ExtensionApi } from '../../../src/extension';
import { until } from './until';

/** The extension under test, active or not. */
export function theExtension(): Extension<ExtensionApi> {
  const extension = extensions.getExtension<ExtensionApi>('vscode-velocitas.vscode-velocitas');
  if (!extension) throw new Error('the editor does not know the extension');
  return extension;
}

/**
 * The editor begins to watch a folder some time after it has opened it, and tells of nothing that happened before. So
 * something is made to happen until it tells.
 */
export async function untilWatched(folder: WorkspaceFolder): Promise<void> {
  const name = 'untilWatched.tmp';
  const watcher = workspace.createFileSystemWatcher(new RelativePattern(folder, name));
  let told = false;
  watcher.onDidCreate(() => (told = true));
  watcher.onDidChange(() => (told = true));
  const file = join(folder.uri.fsPath, name);
  try {
    await until('a change of a file', async () => {
      await writeFile(file, String(Date.now()));
      return told || undefined;
    });
  } finally {
    watcher.dispose();
    await rm(file, { force: true });
  }
}

export interface JobRecord {
  readonly events: readonly JobEvent[];
  readonly ends: readonly JobEnd[];
}

/** A window of the editor with a repository in its first folder, and the extension active in it. */
export class TestWindow {
  private readonly originals = new Map<string, string>();

  private constructor(
    readonly api: ExtensionApi,
    readonly folder: AppFolder,
  ) {}

  static async open(): Promise<TestWindow> {
    const api = await theExtension().activate();
    await api.folders.ready;
    const [folder] = api.folders.all;
    const [first] = workspace.workspaceFolders ?? [];
    if (!folder || !first) throw new Error('no folder holds a repository');
    await untilWatched(first);
    return new TestWindow(api, folder);
  }

  get root(): string {
    return this.folder.session.root;
  }

  /** The only app. */
  get app() {
    const [app] = this.folder.picture.apps;
    if (!app) throw new Error('the repository has no app');
    return app;
  }

  path(file: string): string {
    return join(this.root, file);
  }

  read(file: string): Promise<string> {
    return readFile(this.path(file), 'utf8');
  }

  /** Writes a file as a tool beside the editor does; {@link restore} undoes it. */
  async write(file: string, content: string): Promise<void> {
    if (!this.originals.has(file)) this.originals.set(file, await this.read(file));
    await writeFile(this.path(file), content);
  }

  /** Replaces a part of a file. */
  async edit(file: string, from: string | RegExp, to: string): Promise<void> {
    const before = await this.read(file);
    const after = before.replace(from, to);
    if (after === before) throw new Error(`${file} does not contain ${String(from)}`);
    await this.write(file, after);
  }

  /** Makes the app say something at its start. */
  async sayAtStart(text: string): Promise<void> {
    await this.restore();
    await this.edit('app/src/main.py', 'def main()', `print(${JSON.stringify(text)}, flush=True)\n\n\ndef main()`);
  }

  /** All files are again as they were at first. */
  async restore(): Promise<void> {
    for (const [file, content] of this.originals) await writeFile(this.path(file), content);
    this.originals.clear();
  }

  /** Runs a command of ours, and answers what its jobs told meanwhile. */
  async perform(command: string, argument?: unknown, onEvent?: (event: JobEvent) => void): Promise<JobRecord> {
    const events: JobEvent[] = [];
    const ends: JobEnd[] = [];
    const listening = [
      this.folder.jobs.onDidEmit((event) => {
        events.push(event);
        onEvent?.(event);
      }),
      this.folder.jobs.onDidEnd((end) => ends.push(end)),
    ];
    try {
      await commands.executeCommand(`velocitas.${command}`, argument);
    } finally {
      for (const item of listening) item.dispose();
    }
    return { events, ends };
  }

  /** Runs `vapp` as another process does. */
  async vapp(...args: string[]): Promise<string> {
    const program = join(theExtension().extensionPath, 'dist', 'cli.js');
    // A desktop editor's own program is Electron.
    const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
    const { stdout } = await promisify(execFile)(process.execPath, [program, ...args, '-C', this.root], { env });
    return stdout;
  }

  /** Asks the cluster itself. */
  async kubectl(...args: string[]): Promise<string> {
    const { access } = this.folder.picture.runtime;
    if (!access) throw new Error('the runtime does not run');
    const place = ['--kubeconfig', access.kubeconfig, '--context', access.context];
    return (await promisify(execFile)('kubectl', [...place, ...args])).stdout;
  }

  /** Brings the view to the front, without which it draws nothing. */
  async showTree(): Promise<void> {
    await commands.executeCommand('velocitas.explorer.focus');
  }

  /** All rows that the editor can see now, from above. */
  rows(): readonly Row[] {
    const { tree } = this.api;
    const below = (row: Row): Row[] => [row, ...tree.getChildren(row).flatMap(below)];
    return tree.getChildren().flatMap(below);
  }

  /** The first row whose context matches, as soon as it is drawn. */
  row(context: RegExp): Promise<Row> {
    return until(`a row ${String(context)}`, () => this.rows().find(({ node }) => context.test(node.context)));
  }
}

/** Closes all editors, so that none keeps a file open that a later test changes. */
export async function closeEditors(): Promise<void> {
  await workspace.saveAll(false);
  await commands.executeCommand('workbench.action.closeAllEditors');
}

/** Takes what the list or the field that a command opens proposes, until the command has ended. */
export function acceptProposals<T>(command: Thenable<T>): Promise<T> {
  return answerBy('workbench.action.acceptSelectedQuickOpenItem', command);
}

/** Answers whatever a command asks by another one, of the editor, until the command has ended. */
export async function answerBy<T>(answer: string, command: Thenable<T>): Promise<T> {
  const answering = setInterval(() => void commands.executeCommand(answer), ANSWER_MS);
  try {
    return await command;
  } finally {
    clearInterval(answering);
  }
}

const ANSWER_MS = 300;
