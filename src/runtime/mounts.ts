import { readFile } from 'node:fs/promises';

/** What is mounted for this process (`/proc/self/mountinfo`, proc(5)); empty where there is no such file. */
export async function readMounts(): Promise<string> {
  try {
    return await readFile('/proc/self/mountinfo', 'utf8');
  } catch (error) {
    // No Linux, hence no container of an engine.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/**
 * The id of the container in which a process has these mounts: the engine mounts its own files over `/etc/hostname` and
 * others, from a folder that is named by the id.
 */
export function containerIdOf(mountinfo: string): string | undefined {
  for (const { source, target } of mountsOf(mountinfo)) {
    if (!/^\/etc\/(hostname|hosts|resolv\.conf)$/.test(target)) continue;
    const id = /\/containers\/([0-9a-f]{64})\/(hostname|hosts|resolv\.conf)$/.exec(source)?.[1];
    if (id !== undefined) return id;
  }
  return undefined;
}

/**
 * What distinguishes a folder from those of the same path in other containers of the engine: the path as such, and in
 * a container in front of it where its content comes from, as in `/home/ada/app:/workspaces/app`.
 *
 * @param path absolute, symbolic links resolved.
 */
export function identityOf(path: string, mountinfo: string): string {
  if (containerIdOf(mountinfo) === undefined) return path;
  const mounts = mountsOf(mountinfo).filter(({ target }) => path === target || path.startsWith(`${target}/`));
  const [mount] = mounts.sort((a, b) => b.target.length - a.target.length);
  return mount === undefined ? path : `${mount.source}${path.slice(mount.target.length)}:${path}`;
}

interface Mount {
  /** Path within the file system that is mounted; of a folder on the engine's machine its path there, as a rule. */
  readonly source: string;
  readonly target: string;
}

function mountsOf(mountinfo: string): Mount[] {
  return mountinfo
    .split('\n')
    .map((line) => line.split(' '))
    .map(([, , , source = '', target = '']) => ({ source: unescaped(source), target: unescaped(target) }));
}

/** The system writes blanks and the like in octal: `\040`; other characters as they are. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
