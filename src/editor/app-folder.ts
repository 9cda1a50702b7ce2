import { RelativePattern, Uri, workspace, type LogOutputChannel, type WorkspaceFolder } from 'vscode';
import type { Repository } from '../project';
import type { Session } from '../run';
import type { WorkspacePicture, WorkspaceWatch } from '../state';
import type { Config } from './config';
import { loadCore } from './core';
import { Jobs } from './jobs';
import { Owner } from './owner';

/** What a folder needs of its window. */
export interface FolderContext {
  readonly config: Config;
  readonly output: LogOutputChannel;
  /** Folder of the built-in charts. */
  readonly chartsDirectory: string;
}

/** A change of the repository's files is waited out for so long: editors and tools write several at once. */
const FILES_SETTLE_MS = 100;

/** One folder of the window with a Vehicle App repository in it: its live picture, and what is being done in it. */
export class AppFolder extends Owner {
  readonly jobs = this.own(new Jobs());
  private readonly changes = this.signal();
  private watch: WorkspaceWatch | undefined;
  private settling: NodeJS.Timeout | undefined;

  /** The picture or the jobs have changed. */
  readonly onDidChange = this.changes.event;

  private constructor(
    readonly folder: WorkspaceFolder,
    readonly session: Session,
    private readonly context: FolderContext,
  ) {
    super();
    this.own(this.jobs.onDidChange(() => this.changes.fire()));
    this.own({ dispose: () => clearTimeout(this.settling) });
  }

  /** Begins to watch a folder. @throws Failure `repository-not-found`. */
  static async open(folder: WorkspaceFolder, context: FolderContext): Promise<AppFolder> {
    const { Session } = await loadCore();
    const session = await Session.open({
      directory: folder.uri.fsPath,
      env: context.config.environment(),
      chartsDirectory: context.chartsDirectory,
    });
    const opened = new AppFolder(folder, session, context);
    await opened.start();
    return opened;
  }

  get name(): string {
    return this.folder.name;
  }

  get picture(): WorkspacePicture {
    if (!this.watch) throw new Error('a folder is not used before it is open');
    return this.watch.picture;
  }

  get repository(): Repository | undefined {
    return this.watch?.repository;
  }

  private async start(): Promise<void> {
    const { WorkspaceWatch, defaultDataDirectory, judgesOf } = await loadCore();
    const { output } = this.context;
    this.watch = this.own(
      await WorkspaceWatch.open({
        source: this.session,
        dataDirectory: defaultDataDirectory(this.session.options.env),
        judgesOf,
        onChange: () => this.changes.fire(),
        onError: (error) => output.error(error instanceof Error ? error : String(error)),
      }),
    );
    this.watchFiles();
  }

  private watchFiles(): void {
    const watcher = this.own(
      workspace.createFileSystemWatcher(new RelativePattern(Uri.file(this.session.root), '**/*')),
    );
    const changed = ({ fsPath }: Uri) => {
      if (!this.repository?.sources.includes(fsPath)) return;
      clearTimeout(this.settling);
      this.settling = setTimeout(() => void this.watch?.refreshRepository(), FILES_SETTLE_MS);
    };
    this.own(watcher.onDidChange(changed));
    this.own(watcher.onDidCreate(changed));
    this.own(watcher.onDidDelete(changed));
  }
}
