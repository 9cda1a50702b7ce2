import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { K3D_TIMEOUT_MS } from './k3d-output';

const PREFIX = 'k3d-';

/**
 * Lends a folder that nobody else can read. k3d puts into its folder for temporary files what it does not take away:
 * its expanded configuration, credentials included, and the hosts files of the nodes. What a process that was killed has
 * left of it goes at the next time.
 *
 * @param parent absolute; made if it is not there.
 */
export async function inPrivateFolder<T>(parent: string, work: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(parent, { recursive: true, mode: 0o700 });
  await removeForsaken(parent);
  const folder = await mkdtemp(join(parent, PREFIX));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Older than any k3d can be that still works in it. */
async function removeForsaken(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const folder = join(parent, name);
    const changed = name.startsWith(PREFIX) ? await stat(folder).catch(() => undefined) : undefined;
    if (changed === undefined || Date.now() - changed.mtimeMs < K3D_TIMEOUT_MS) continue;
    await rm(folder, { recursive: true, force: true });
  }
}
