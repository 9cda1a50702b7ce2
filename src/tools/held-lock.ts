import { rmdir, stat } from 'node:fs/promises';

/**
 * A lock that somebody else holds, for as long as it is waited for. The library compares the time at which its owner
 * last refreshed it with the wall clock; where that was set back meanwhile, the lock of an owner that died would be
 * waited for until the clock has come so far again. Such a lock is given up for dead when it has not been refreshed
 * for a while by a clock that nobody sets.
 */
export class HeldLock {
  private seen: { readonly refreshed: number; readonly at: number } | undefined;

  /**
   * @param folder that exists while the lock is held; its time of change is when its owner last refreshed it.
   * @param staleMs its owner refreshes it more often than that.
   */
  constructor(
    private readonly folder: string,
    private readonly staleMs: number,
  ) {}

  /**
   * To be called now and then while waiting. Removes the lock of an owner that died before the clock was set back.
   *
   * @returns whether the lock dates from the future, so that only further looks will tell.
   */
  async look(): Promise<boolean> {
    const refreshed = await this.refreshed();
    // All others are the library's.
    if (refreshed === undefined || refreshed <= Date.now()) {
      this.seen = undefined;
      return false;
    }
    if (this.seen?.refreshed !== refreshed) this.seen = { refreshed, at: performance.now() };
    if (performance.now() - this.seen.at < this.staleMs) return true;
    this.seen = undefined;
    // Whoever else waits may have removed it already.
    await rmdir(this.folder).catch(unlessGone);
    return true;
  }

  private async refreshed(): Promise<number | undefined> {
    return (await stat(this.folder).catch(unlessGone))?.mtimeMs;
  }
}

/**
 * Whether a lock counts as held, for those who only ask. One that was refreshed in the future dates from before the
 * clock was set back: its owner would have refreshed it since.
 *
 * @param refreshed when its owner last did so, milliseconds since 1970.
 * @param staleMs its owner refreshes it more often than that.
 */
export function isRefreshed(refreshed: number, staleMs: number): boolean {
  return Math.abs(Date.now() - refreshed) < staleMs;
}

function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
