import { lstat, readFile, readlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure } from '../base';
import { leadsOut } from '../project';

/** One file that is to be different in a container; without `content` and `link` it is to go. */
export interface Change {
  /** Absolute, in the container. */
  readonly path: string;
  readonly content?: Buffer;
  /** Permissions, of a content. */
  readonly mode?: number;
  /** Where a symbolic link leads. */
  readonly link?: string;
}

/** More than this goes into an image faster, bytes. */
const MAX_BYTES = 32 * 1024 * 1024;

/**
 * Reads what a container is to get. A symbolic link goes there as one; what folders that are links lead to outside of
 * the repository is not read: no builder would take it either.
 *
 * @param boundary root of the repository, symbolic links resolved.
 * @param destinations file of this machine → where it goes.
 * @throws Failure `changes-too-large`, `file-unreadable`, `file-outside`.
 */
export async function readChanges(
  boundary: string,
  destinations: ReadonlyMap<string, readonly string[]>,
): Promise<Change[]> {
  const changes: Change[] = [];
  let bytes = 0;
  for (const [file, paths] of destinations) {
    if (await leadsOut(boundary, dirname(file))) throw outside(file);
    const now = await readOne(file);
    bytes += (now.content?.length ?? 0) * paths.length;
    if (bytes > MAX_BYTES) {
      throw new Failure({
        code: 'changes-too-large',
        fault: 'app',
        summary: `What has changed is more than ${MAX_BYTES / 1024 / 1024} MiB.`,
      });
    }
    for (const path of paths) changes.push({ path, ...now });
  }
  return changes;
}

async function readOne(file: string): Promise<Omit<Change, 'path'>> {
  try {
    const found = await lstat(file);
    if (found.isSymbolicLink()) return { link: await readlink(file) };
    // A folder whose files come one by one: there is nothing of its own to bring.
    if (!found.isFile()) return {};
    return { content: await readFile(file), mode: found.mode & 0o777 };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Failure({
      code: 'file-unreadable',
      fault: 'environment',
      summary: `${file} cannot be read: ${(error as Error).message}.`,
      cause: error,
    });
  }
}

function outside(file: string): Failure {
  return new Failure({
    code: 'file-outside',
    fault: 'app',
    summary: `${file} is in a folder that a symbolic link puts into the repository.`,
  });
}
