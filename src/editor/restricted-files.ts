import { workspace, type LogOutputChannel } from 'vscode';
import type { Problem } from '../base';
import { loadCore } from './core';
import { Owner } from './owner';
import { mayBeInRepository } from './root-markers';

/** The files that a repository is read from. */
const FILES = '**/{vapp.yaml,.velocitas.json,AppManifest.json,runtime.json,values.yaml}';

/**
 * What is wrong with the files of a window that is not trusted: they are read, again when they change, and nothing else
 * is done. Once the window is trusted it is the picture of each folder that tells.
 */
export class RestrictedFiles extends Owner {
  private readonly changes = this.signal();
  private reading = Promise.resolve();
  private found: readonly Problem[] = [];

  readonly onDidChange = this.changes.event;

  constructor(private readonly output: LogOutputChannel) {
    super();
    if (workspace.isTrusted) return;
    const files = this.own(workspace.createFileSystemWatcher(FILES));
    for (const changes of [
      files.onDidChange,
      files.onDidCreate,
      files.onDidDelete,
      workspace.onDidChangeWorkspaceFolders,
    ])
      this.own(changes(() => this.update()));
    this.own(workspace.onDidGrantWorkspaceTrust(() => this.tell([])));
    this.update();
  }

  /** Empty in a trusted window. */
  get problems(): readonly Problem[] {
    return this.found;
  }

  private update(): void {
    this.reading = this.reading
      .then(() => this.read())
      .catch((error: unknown) => this.output.error(error instanceof Error ? error : String(error)));
  }

  private async read(): Promise<void> {
    const problems: Problem[] = [];
    for (const { uri } of workspace.workspaceFolders ?? []) {
      if (uri.scheme !== 'file' || !mayBeInRepository(uri.fsPath)) continue;
      const { findRepository, readRepository } = await loadCore();
      const root = await findRepository(uri.fsPath);
      if (root !== undefined) problems.push(...(await readRepository(root)).problems);
    }
    if (!workspace.isTrusted && !this.disposed) this.tell(problems);
  }

  private tell(problems: readonly Problem[]): void {
    this.found = problems;
    this.changes.fire();
  }
}
