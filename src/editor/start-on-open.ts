import type { AppFolder } from './app-folder';
import type { Config } from './config';
import type { Folders } from './folders';
import type { JobCommands } from './job-commands';
import { Owner } from './owner';

/** Starts the runtime of a folder when it is opened, where `velocitas.startOnOpen` says so. */
export class StartOnOpen extends Owner {
  private readonly seen = new WeakSet<AppFolder>();

  constructor(folders: Folders, config: Config, jobs: JobCommands) {
    super();
    this.own(
      folders.onDidChange(() => {
        for (const folder of folders.all) {
          const { state, activity } = folder.picture.runtime;
          if (state === 'unknown' || this.seen.has(folder)) continue;
          this.seen.add(folder);
          const idle = activity === undefined && (state === 'absent' || state === 'stopped');
          if (idle && config.startOnOpen(folder.folder)) void jobs.start(folder);
        }
      }),
    );
  }
}
