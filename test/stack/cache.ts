import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CacheEntry, PartCache, Recipe } from './types';

const NOTE = 'entry.json';
const TEMPORARY = 'tmp';

/**
 * The beginning of a path for temporary files of this process, below the cache: `…/tmp/PURPOSE-PID-`. What a killed
 * process left there is removed by a later setup.
 */
export async function temporaryPath(root: string, purpose: string): Promise<string> {
  await mkdir(join(root, TEMPORARY), { recursive: true });
  return join(root, TEMPORARY, `${purpose}-${process.pid}-`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The folder name of a recipe: its name, and twelve digits of the hash of all that decides its content. */
export function cacheKey(recipe: Recipe): string {
  const digest = createHash('sha256')
    .update(canonical({ name: recipe.name, inputs: recipe.inputs }))
    .digest('hex');
  return `${recipe.name}-${digest.slice(0, 12)}`;
}

/** JSON with sorted keys, so that equal content has equal text. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** Entries below `root/parts`; unfinished work below `root/tmp`, which is of no value to anybody else. */
export class FolderCache implements PartCache {
  private readonly making = new Map<string, Promise<CacheEntry>>();

  constructor(readonly root: string) {}

  async find(recipe: Recipe): Promise<CacheEntry | undefined> {
    const folder = this.folderOf(recipe);
    try {
      const note = JSON.parse(await readFile(join(folder, NOTE), 'utf8')) as { source: string };
      return { folder, source: note.source };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async ensure(recipe: Recipe, make: (folder: string) => Promise<string>): Promise<CacheEntry> {
    const key = cacheKey(recipe);
    const running = this.making.get(key);
    if (running) return running;
    const entry = this.findOrMake(recipe, make).finally(() => this.making.delete(key));
    this.making.set(key, entry);
    return entry;
  }

  async withTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(await temporaryPath(this.root, 'work'));
    try {
      return await work(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Removes the temporary files of processes that were killed. */
  async removeLeftovers(): Promise<void> {
    const folder = join(this.root, TEMPORARY);
    for (const name of await readdir(folder).catch(() => [])) {
      const pid = /^\w+-(\d+)-/.exec(name)?.[1];
      if (pid === undefined || !isAlive(Number(pid))) await rm(join(folder, name), { recursive: true, force: true });
    }
  }

  private async findOrMake(recipe: Recipe, make: (folder: string) => Promise<string>): Promise<CacheEntry> {
    const found = await this.find(recipe);
    if (found) return found;
    const target = this.folderOf(recipe);
    return this.withTemporaryFolder(async (work) => {
      const folder = join(work, 'entry');
      await mkdir(folder);
      const source = await make(folder);
      await writeFile(join(folder, NOTE), JSON.stringify({ source, made: new Date().toISOString(), recipe }, null, 2));
      await mkdir(join(this.root, 'parts'), { recursive: true });
      // A folder without a note was never complete: whoever left it there was no run of ours.
      await rm(target, { recursive: true, force: true });
      await rename(folder, target);
      return { folder: target, source };
    });
  }

  private folderOf(recipe: Recipe): string {
    return join(this.root, 'parts', cacheKey(recipe));
  }
}
