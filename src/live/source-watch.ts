import { existsSync, type Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import { sleep, isCancelled } from '../base';

/** Files are told together when nothing has changed for so long, milliseconds: one save may be several writes. */
const QUIET_MS = 25;
/** While there is always something changing, at least so often, milliseconds. */
const LONGEST_MS = 500;

/** For so long after a change chokidar does not tell another one of the same file, and somewhat more, milliseconds. */
const DEAF_MS = 80;

export interface SourceWatchOptions {
  /** Files and folders, absolute. Those that do not exist are waited for. */
  readonly paths: readonly string[];
  /** Whether a file or folder, absolute, is of no interest, with all that is in it. */
  readonly ignored: (path: string, isFolder: boolean) => boolean;
  /** Gets what keeps files from being watched, such as the system's limit of watches. */
  readonly onError: (error: unknown) => void;
}

/** Tells which files have changed, been added or removed. Whoever makes one disposes it. */
export class SourceWatch {
  private readonly changed = new Set<string>();
  private readonly looking = new Set<NodeJS.Timeout>();
  private wake: () => void = () => undefined;

  private constructor(
    private readonly close: () => Promise<void>,
    private readonly paths: readonly string[],
  ) {}

  /** Resolves when it watches: a change from then on is told. */
  static async start({ paths, ignored, onError }: SourceWatchOptions): Promise<SourceWatch> {
    // Loaded on first use.
    const { watch } = await import('chokidar');
    // What is not there is waited for in its folder, of which nothing else counts.
    const watched = new Set(paths.map((path) => (existsSync(path) ? path : dirname(path))));
    const concerns = (path: string) => paths.some((wanted) => isWithin(wanted, path) || isWithin(path, wanted));
    const ignoring = (path: string, stats?: Stats) => !concerns(path) || ignored(path, stats?.isDirectory() ?? false);
    const watcher = watch([...watched], {
      ignoreInitial: true,
      ignored: ignoring,
      atomic: QUIET_MS,
    });
    const sources = new SourceWatch(() => watcher.close(), paths);
    watcher.on('error', onError);
    watcher.on('all', (event, path) => {
      // A new folder is nothing without its files.
      if (event !== 'addDir') sources.take(path);
    });
    await new Promise<void>((resolve) => watcher.once('ready', () => resolve()));
    return sources;
  }

  /** The next changes, together: absolute paths, each once. @throws Cancelled. */
  async next(signal: AbortSignal): Promise<string[]> {
    while (this.changed.size === 0) await this.something(signal);
    const begun = performance.now();
    for (let count = 0; count < this.changed.size && performance.now() - begun < LONGEST_MS;) {
      count = this.changed.size;
      await sleep(QUIET_MS, signal);
    }
    const paths = [...this.changed];
    this.changed.clear();
    for (const path of paths) this.lookAgain(path, await stampOf(path));
    return paths;
  }

  /** Of two changes in quick succession chokidar tells the first only. */
  private lookAgain(path: string, told: string): void {
    const timer = setTimeout(() => {
      this.looking.delete(timer);
      void stampOf(path).then((stamp) => {
        if (stamp !== told) this.take(path);
      });
    }, DEAF_MS);
    this.looking.add(timer);
  }

  /** Resolves when something has changed that was not told yet. @throws Cancelled. */
  async something(signal: AbortSignal): Promise<void> {
    if (this.changed.size > 0) return;
    const woken = new AbortController();
    this.wake = () => woken.abort();
    try {
      await sleep(LONGEST_SLEEP_MS, AbortSignal.any([signal, woken.signal]));
    } catch (error) {
      if (!isCancelled(error) || signal.aborted) throw error;
    }
  }

  /** Whether it watches these files and folders, and no others. */
  watches(paths: readonly string[]): boolean {
    return paths.length === this.paths.length && paths.every((path, index) => path === this.paths[index]);
  }

  /** Ends another watch, and tells what that one has not told yet. */
  async replace(other: SourceWatch): Promise<void> {
    await other.dispose();
    for (const path of other.changed) this.take(path);
  }

  dispose(): Promise<void> {
    for (const timer of this.looking) clearTimeout(timer);
    return this.close();
  }

  private take(path: string): void {
    this.changed.add(path);
    this.wake();
  }
}

/** Differs whenever a file does. */
async function stampOf(path: string): Promise<string> {
  try {
    const { mtimeNs, size, ino } = await lstat(path, { bigint: true });
    return `${mtimeNs} ${size} ${ino}`;
  } catch {
    return 'gone';
  }
}

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder + sep);
}

/** Node's timers take no more, milliseconds. */
const LONGEST_SLEEP_MS = 2 ** 31 - 1;
