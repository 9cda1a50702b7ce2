import { readFile, readdir, readlink } from 'node:fs/promises';
import type { Docker } from '../../tools';

/** Who listens on ports of this machine, as far as it can be told: a container's name, or a program with its number. */
export async function listenersOn(ports: readonly number[], docker: Docker): Promise<ReadonlyMap<number, string>> {
  if (ports.length === 0) return new Map();
  return new Map([...(await programsOn(ports)), ...(await containersOn(ports, docker))]);
}

/** Containers come before programs: what listens for them is one of the engine's own. */
async function containersOn(ports: readonly number[], docker: Docker): Promise<[number, string][]> {
  const containers = await docker.listContainers();
  return containers.flatMap(({ Names, Ports }) => {
    const [name = 'a container'] = Names.map((each) => each.replace(/^\//, ''));
    const published = new Set(Ports.map(({ PublicPort }) => PublicPort));
    return ports.filter((port) => published.has(port)).map((port): [number, string] => [port, `the container ${name}`]);
  });
}

/** By `/proc`, hence on Linux only, and of other users only for root. */
async function programsOn(ports: readonly number[]): Promise<[number, string][]> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')),
  );
  const sockets = tables.flatMap(parseListeners).filter(({ port }) => ports.includes(port));
  if (sockets.length === 0) return [];
  const owners = await ownersOf(new Set(sockets.map(({ inode }) => inode)));
  return sockets.flatMap(({ port, inode }): [number, string][] => {
    const owner = owners.get(inode);
    return owner === undefined ? [] : [[port, owner]];
  });
}

/** Sockets that listen, in a table like `/proc/net/tcp` (proc_net(5)): port, and the number by which a process holds it. */
export function parseListeners(table: string): { readonly port: number; readonly inode: string }[] {
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    const port = Number.parseInt(local.split(':')[1] ?? '', 16);
    return state === LISTEN && inode !== undefined && !Number.isNaN(port) ? [{ port, inode }] : [];
  });
}

const LISTEN = '0A';

async function ownersOf(inodes: ReadonlySet<string>): Promise<Map<string, string>> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const owners = new Map<string, string>();
  await Promise.all(
    processes.map(async (pid) => {
      for (const inode of await socketsOf(pid)) {
        if (inodes.has(inode)) owners.set(inode, `${await nameOf(pid)} (process ${pid})`);
      }
    }),
  );
  return owners;
}

async function socketsOf(pid: string): Promise<string[]> {
  try {
    const files = await readdir(`/proc/${pid}/fd`);
    const targets = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')));
    return targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []);
  } catch {
    // It has ended meanwhile, or belongs to another user.
    return [];
  }
}

async function nameOf(pid: string): Promise<string> {
  return (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a program')).trim();
}
