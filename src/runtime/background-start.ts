import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isRefreshed } from '../tools';
import { ActivityNote, BACKGROUND } from './activity';
import { LOCK_STALE_MS, lockFolder, withFreeLock } from './lock';
import type { RuntimeEvent } from './types';

/**
 * The start of a runtime by a process in the background, of which there is one at most. From its first moment until
 * the runtime runs, every observer sees that it is starting, also while there is no engine yet to ask.
 */
export class BackgroundStart {
  /** Absolute path of what the process writes. */
  readonly logFile: string;
  private readonly name: string;
  private readonly note: ActivityNote;

  constructor(
    private readonly dataDirectory: string,
    cluster: string,
  ) {
    this.logFile = join(dataDirectory, `${cluster}.up.log`);
    this.name = `${cluster}${BACKGROUND}`;
    this.note = new ActivityNote(dataDirectory, this.name);
  }

  /**
   * Does the work as the one background start.
   *
   * @param work is to hand over the runtime's events, which end the starting.
   * @returns undefined when another process is at it.
   */
  async run<T>(
    signal: AbortSignal | undefined,
    work: (follow: (event: RuntimeEvent) => void, signal: AbortSignal) => Promise<T>,
  ): Promise<{ readonly value: T } | undefined> {
    return withFreeLock(join(this.dataDirectory, this.name), signal, async (held) => {
      this.note.follow({ type: 'state', state: 'starting' });
      try {
        return await work((event) => this.note.follow(event), held);
      } finally {
        this.note.clear();
      }
    });
  }

  /** Removes what the process has written, and what one that was killed has left. */
  async forget(): Promise<void> {
    await rm(this.logFile, { force: true });
    if (await this.isAtWork()) return;
    this.note.clear();
    await rm(lockFolder(join(this.dataDirectory, this.name)), { recursive: true, force: true });
  }

  /** Whether a process is at it. What is left of one that died does not count. */
  async isAtWork(): Promise<boolean> {
    try {
      const { mtimeMs } = await stat(lockFolder(join(this.dataDirectory, this.name)));
      return isRefreshed(mtimeMs, LOCK_STALE_MS);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }
}
