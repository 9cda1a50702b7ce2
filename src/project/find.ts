import { dirname, join, resolve } from 'node:path';
import { DEFAULT_MANIFEST } from './manifest';
import { isFile, kindOf } from './text-file';
import { VAPP_FILE } from './vapp-yaml';
import { VELOCITAS_FILE } from './velocitas';

/** Files, any of which marks a folder as the root of a Vehicle App repository. */
export const ROOT_MARKERS: readonly string[] = [VAPP_FILE, VELOCITAS_FILE, DEFAULT_MANIFEST];

/**
 * Walks up from a file or folder to the nearest root of a Vehicle App repository.
 *
 * Inside a git work tree (or submodule) the search ends at its root: a marker further up, say a stray `vapp.yaml` in
 * the home folder, belongs to something else. Outside of git it ends at the root of the file system. Symbolic links in
 * the path stay as they are.
 *
 * @returns an absolute path, or undefined where no folder on the way is a root.
 */
export async function findRepository(start: string): Promise<string | undefined> {
  const absolute = resolve(start);
  let folder = (await isFile(absolute)) ? dirname(absolute) : absolute;
  for (;;) {
    if (await isRepositoryRoot(folder)) return folder;
    const parent = dirname(folder);
    if (parent === folder || (await kindOf(join(folder, '.git'))) !== undefined) return undefined;
    folder = parent;
  }
}

/** Whether a folder holds one of the {@link ROOT_MARKERS}. */
export async function isRepositoryRoot(folder: string): Promise<boolean> {
  for (const marker of ROOT_MARKERS) if (await isFile(join(folder, marker))) return true;
  return false;
}
