import { existsSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * Tells that something about certain entries of a folder may have changed. A folder that does not exist is waited for
 * in the nearest one above it that does.
 */
export class FolderWatch {
  private watcher: FSWatcher | undefined;
  private closed = false;

  /**
   * @param folder absolute.
   * @param concerns whether an entry, by its name, is of interest.
   * @param onError gets what keeps the folder from being watched, such as the system's limit of watches.
   */
  constructor(
    private readonly folder: string,
    private readonly concerns: (name: string) => boolean,
    private readonly onChange: () => void,
    private readonly onError: (error: unknown) => void,
  ) {
    this.arm();
  }

  close(): void {
    this.closed = true;
    this.watcher?.close();
  }

  private arm(): void {
    this.watcher?.close();
    this.watcher = undefined;
    if (this.closed) return;
    let present = this.folder;
    let missing: string | undefined;
    while (!existsSync(present) && dirname(present) !== present) {
      missing = basename(present);
      present = dirname(present);
    }
    try {
      const watcher = watch(present, { persistent: false }, (event, name) =>
        this.heard(present, missing, event === 'rename', name),
      );
      // A watched folder that goes away is an error on some systems and an event on others.
      watcher.on('error', () => this.rearm());
      this.watcher = watcher;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') this.arm();
      else this.onError(error);
      return;
    }
    // It may have come between the look and the watch.
    if (missing !== undefined && existsSync(join(present, missing))) this.rearm();
  }

  private heard(watched: string, missing: string | undefined, renamed: boolean, name: string | null): void {
    if (this.closed) return;
    const itself = renamed && (name === null || name === basename(watched));
    if (itself || (missing !== undefined && (name === null || name === missing))) this.rearm();
    else if (missing === undefined && (name === null || this.concerns(name))) this.onChange();
  }

  private rearm(): void {
    if (this.closed) return;
    this.arm();
    this.onChange();
  }
}
