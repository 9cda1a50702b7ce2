import { sep } from 'node:path';
import { workspace, type WorkspaceFolder } from 'vscode';
import { AppFolder, type FolderContext } from './app-folder';
import { loadCore } from './core';
import type { JobEnd, JobEvent } from './jobs';
import { showError } from './notices';
import { Owner } from './owner';
import { mayBeInRepository } from './root-markers';

/** Any of these files makes a folder a repository; package.json's activation events name the same. */
const MARKER_FILES = '**/{vapp.yaml,.velocitas.json,AppManifest.json}';

/** What happened, and in which folder. */
export type InFolder<T> = T & { readonly folder: AppFolder };

/** The folders of the window that hold a Vehicle App repository. In an untrusted window there are none. */
export class Folders extends Owner {
  private readonly open = new Map<string, AppFolder>();
  private readonly changes = this.signal();
  private readonly emitted = this.event<InFolder<JobEvent>>();
  private readonly ended = this.event<InFolder<JobEnd>>();
  private updating = Promise.resolve();

  /** Folders came or went, or something changed in one of them. */
  readonly onDidChange = this.changes.event;
  /** A job of a folder told something. */
  readonly onDidEmit = this.emitted.event;
  /** A job of a folder ended. */
  readonly onDidEndJob = this.ended.event;

  constructor(private readonly context: FolderContext) {
    super();
    this.own(workspace.onDidChangeWorkspaceFolders(() => this.update()));
    this.own(workspace.onDidGrantWorkspaceTrust(() => this.update()));
    const markers = this.own(workspace.createFileSystemWatcher(MARKER_FILES, false, true, true));
    this.own(markers.onDidCreate(() => this.update()));
    this.update();
  }

  /** In the order of the window's folders. */
  get all(): readonly AppFolder[] {
    return (workspace.workspaceFolders ?? []).flatMap((folder) => this.open.get(keyOf(folder)) ?? []);
  }

  /** Settles when every folder known by now has been looked at. */
  get ready(): Promise<void> {
    return this.updating;
  }

  /** The folder that holds a file, if any does. */
  containing(path: string): AppFolder | undefined {
    return this.all.find(({ session }) => path === session.root || path.startsWith(session.root + sep));
  }

  /** Looks once more for repositories: a file may have come that makes a folder one. */
  update(): void {
    this.updating = this.updating
      .then(() => this.bringUpToDate())
      .catch((error: unknown) => this.context.output.error(error instanceof Error ? error : String(error)));
  }

  override async dispose(): Promise<void> {
    await this.updating;
    await super.dispose();
    await Promise.allSettled([...this.open.values()].map((folder) => folder.dispose()));
  }

  private async bringUpToDate(): Promise<void> {
    const wanted = workspace.isTrusted ? (workspace.workspaceFolders ?? []) : [];
    for (const [key, folder] of this.open) {
      if (wanted.some((candidate) => keyOf(candidate) === key)) continue;
      this.open.delete(key);
      await folder.dispose();
    }
    for (const folder of wanted) {
      if (folder.uri.scheme === 'file' && !this.open.has(keyOf(folder))) await this.openIfRepository(folder);
    }
    this.changes.fire();
  }

  private async openIfRepository(folder: WorkspaceFolder): Promise<void> {
    if (!mayBeInRepository(folder.uri.fsPath)) return;
    const { findRepository } = await loadCore();
    if ((await findRepository(folder.uri.fsPath)) === undefined) return;
    try {
      const opened = await AppFolder.open(folder, this.context);
      if (this.open.size > 0 && this.all.some(({ session }) => session.root === opened.session.root)) {
        // Two folders of one repository: it is shown once.
        await opened.dispose();
        return;
      }
      this.open.set(keyOf(folder), opened);
      // These end with the folder, which owns what they listen to.
      opened.onDidChange(() => this.changes.fire());
      opened.jobs.onDidEmit((event) => this.emitted.fire({ ...event, folder: opened }));
      opened.jobs.onDidEnd((end) => this.ended.fire({ ...end, folder: opened }));
    } catch (error) {
      this.context.output.error(error instanceof Error ? error : String(error));
      void showError(`${folder.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function keyOf(folder: WorkspaceFolder): string {
  return folder.uri.toString();
}
