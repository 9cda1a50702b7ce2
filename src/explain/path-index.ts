import { isAbsolute, relative, sep } from 'node:path';

/**
 * Finds the files of a workspace by the paths that they have elsewhere: in a container `/app/src/main.py` may be what
 * is `app/src/main.py` here.
 */
export class PathIndex {
  private readonly byName = new Map<string, string[]>();

  /** @param files relative to the workspace, with slashes. */
  constructor(files: readonly string[]) {
    for (const file of files) {
      const name = file.slice(file.lastIndexOf('/') + 1);
      const same = this.byName.get(name);
      if (same) same.push(file);
      else this.byName.set(name, [file]);
    }
  }

  /**
   * The file whose path has the longest end in common with the path given, in whole parts. Undefined when there is
   * none, or when several are as good.
   */
  find(path: string): string | undefined {
    if (OF_SYSTEM.test(path) || isOfLibrary(path)) return undefined;
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    const name = parts.at(-1);
    const candidates = (name === undefined ? undefined : this.byName.get(name)) ?? [];
    if (candidates.includes(parts.join('/'))) return parts.join('/');
    const rated = candidates.map((file) => ({ file, common: commonEnd(file.split('/'), parts) }));
    const most = Math.max(0, ...rated.map(({ common }) => common));
    const best = rated.filter(({ common }) => common === most);
    return best.length === 1 ? best[0]?.file : undefined;
  }
}

/**
 * A path of this machine in the form of the index; one of a container, or anywhere else, stays as it is.
 *
 * @param root of the workspace, absolute.
 */
export function relativeToRoot(root: string, path: string): string {
  const inside = isAbsolute(path) ? relative(root, path) : path;
  return inside.startsWith('..') ? path : inside.split(sep).join('/');
}

/** Whether a path is in a folder that tools install libraries in, whosever folder that is in. */
export function isOfLibrary(path: string): boolean {
  return OF_LIBRARY.test(path);
}

const OF_LIBRARY =
  /(?:^|\/)(?:site-packages|dist-packages|node_modules|lib\/python[\d.]+|pkg\/mod|\.(?:cargo|rustup|conan2?|cache|npm|m2|gradle))\//;
/** The system's own files: a file of that name in the workspace is another one. In `/usr/src` images put apps. */
const OF_SYSTEM = /^\/(?:usr\/(?!src\/)|(?:lib|lib64|bin|sbin|proc|sys|dev|etc|rustc)\/)|^</;

function commonEnd(one: readonly string[], other: readonly string[]): number {
  let common = 0;
  while (common < one.length && common < other.length && one.at(-1 - common) === other.at(-1 - common)) common += 1;
  return common;
}
