import { readFile, stat } from 'node:fs/promises';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRefreshed } from '../tools';
import { LOCK_STALE_MS, lockFolder } from './lock';
import type { RuntimeActivity, RuntimeEvent } from './types';

/** An activity, as whoever is not doing it sees it. */
export interface ObservedActivity {
  readonly activity: RuntimeActivity;
  /** When to look again, milliseconds: its owner may die without a word. Until then a change of the files tells. */
  readonly validForMs: number;
}

/** What the notes and the lock of a background start are called, behind the cluster's name. */
export const BACKGROUND = '.background';

/** Tells the other processes of this machine what the owner of a runtime's lock is doing to it. */
export class ActivityNote {
  private readonly file: string;

  /** @param name the cluster's; for a background start with {@link BACKGROUND} behind it. */
  constructor(dataDirectory: string, name: string) {
    this.file = noteFile(dataDirectory, name);
  }

  /** Takes note of an event. The lock is held meanwhile. */
  follow(event: RuntimeEvent): void {
    if (event.type !== 'state') return;
    if (isActivity(event.state)) writeFileSync(this.file, `${event.state}\n`, { mode: 0o600 });
    else this.clear();
  }

  /** To be called before the lock is given back; it also removes what somebody who died has left. */
  clear(): void {
    rmSync(this.file, { force: true });
  }
}

/** The names of the entries in the data directory whose change may change what {@link readActivity} answers. */
export function activityEntries(cluster: string): readonly string[] {
  return [cluster, `${cluster}${BACKGROUND}`].flatMap((name) => [`${name}.activity`, `${name}.lock`]);
}

/** What some process of this machine is doing to a runtime. What is left of a process that died does not count. */
export async function readActivity(dataDirectory: string, cluster: string): Promise<ObservedActivity | undefined> {
  // A background start may wait for whoever holds the runtime's own lock.
  return (await readNote(dataDirectory, cluster)) ?? readNote(dataDirectory, `${cluster}${BACKGROUND}`);
}

async function readNote(dataDirectory: string, name: string): Promise<ObservedActivity | undefined> {
  try {
    const activity = (await readFile(noteFile(dataDirectory, name), 'utf8')).trim();
    const { mtimeMs } = await stat(lockFolder(join(dataDirectory, name)));
    const validForMs = mtimeMs + LOCK_STALE_MS - Date.now();
    return isActivity(activity) && isRefreshed(mtimeMs, LOCK_STALE_MS) ? { activity, validForMs } : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function noteFile(dataDirectory: string, name: string): string {
  return join(dataDirectory, `${name}.activity`);
}

function isActivity(word: string): word is RuntimeActivity {
  return word === 'starting' || word === 'stopping' || word === 'deleting';
}
