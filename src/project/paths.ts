import { realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep, win32 } from 'node:path';
import type { Findings } from './findings';
import type { Located } from './types';

/** A path as a file of the repository names it: resolved, or present but of no use (a problem then says why). */
export type PathSetting = Required<Located<string>> | 'invalid';

/**
 * Resolves a path that a file of the repository names against the repository's root. A path that is absolute or leads
 * out of the root is a problem: on another machine it would lead elsewhere, and whoever trusts a repository trusts what
 * is in it. That goes for every field alike (manifest, Dockerfile, context, chart, values files, services, mounts), in a
 * monorepo, too: there `vapp.yaml` belongs into the folder that holds all of an app. What only a symbolic link leads out
 * to, {@link leadsOut} tells.
 */
export function resolveInside(root: string, named: Required<Located<string>>, findings: Findings): PathSetting {
  const problem = problemOf(root, named.value);
  if (problem) {
    findings.error(named.range, problem);
    return 'invalid';
  }
  return { value: resolve(root, named.value), range: named.range };
}

/** How a message names a file: relative to the root, with slashes. */
export function displayPath(root: string, file: string): string {
  return relative(root, file).split(sep).join('/') || '.';
}

function problemOf(root: string, path: string): { code: string; message: string; hint?: string } | undefined {
  if (path.trim() === '' || path.includes('\0')) {
    return { code: 'path-invalid', message: 'A path is expected here.' };
  }
  if (isAbsolute(path) || win32.isAbsolute(path)) {
    return {
      code: 'path-absolute',
      message: `The path "${path}" is absolute.`,
      hint: 'Name it relative to the root of the repository.',
    };
  }
  if (isOutside(root, resolve(root, path))) {
    return {
      code: 'path-outside-repository',
      message: `The path "${path}" leads out of the repository.`,
      hint: 'Paths are relative to the root of the repository and stay inside it.',
    };
  }
  return undefined;
}

/**
 * Whether a path, its symbolic links followed, ends outside of the repository. One that leads nowhere does not.
 *
 * @param boundary root of the repository, symbolic links resolved.
 */
export async function leadsOut(boundary: string | undefined, path: string): Promise<boolean> {
  if (boundary === undefined) return false;
  try {
    return isOutside(boundary, await realpath(path));
  } catch {
    // There is nothing, or nobody may look: whoever opens it finds out.
    return false;
  }
}

/** Whether a path, absolute as the folder is, lies outside of it; links are not looked at. */
export function isOutside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way);
}
