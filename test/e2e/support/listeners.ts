import { readFile } from 'node:fs/promises';

/** Local addresses, as the kernel writes them, on which this machine listens at a TCP port (`/proc/net/tcp`, proc(5)). */
export async function listenersAt(port: number): Promise<string[]> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8')));
  return tables
    .flatMap((table) => table.split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state]) => state === LISTEN)
    .flatMap(([, local = '']) => {
      const [address = '', hex = ''] = local.split(':');
      return Number.parseInt(hex, 16) === port ? [address] : [];
    });
}

const LISTEN = '0A';

/** 127.0.0.1 and ::1, the bytes of each word the other way round. */
export const LOOPBACK_ADDRESSES = ['0100007F', '00000000000000000000000001000000'];
