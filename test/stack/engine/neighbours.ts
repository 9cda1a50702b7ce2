import { readdir, readFile, readlink } from 'node:fs/promises';
import { Failure } from '../../../src/base';

/**
 * Refuses to start an engine beside another one in the same network: both would write the same firewall chains and
 * use the same bridge, and the other one would lose its published ports.
 *
 * @param reason why the engine that was found first will not do.
 * @throws Failure `engine-in-the-way`.
 */
export async function assertNoOtherEngine(reason: string): Promise<void> {
  const others = await enginesInThisNetwork();
  if (others.length === 0) return;
  throw new Failure({
    code: 'engine-in-the-way',
    fault: 'environment',
    summary: 'A Docker engine runs on this machine, but it is not usable, and a second one cannot share its network.',
    evidence: [reason, ...others],
    nextSteps: [
      'Make `docker run --privileged` work with it, or name a working engine in DOCKER_HOST.',
      'Or stop it: setup then starts one of its own.',
    ],
  });
}

/** `PID COMMAND` of every dockerd in the network namespace of this process. */
async function enginesInThisNetwork(): Promise<string[]> {
  const network = await readlink('/proc/self/ns/net');
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      if ((await readFile(`/proc/${pid}/comm`, 'utf8')).trim() !== 'dockerd') continue;
      if ((await readlink(`/proc/${pid}/ns/net`)) !== network) continue;
      found.push(`${pid} ${(await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim()}`);
    } catch {
      // It ended while we looked, or is hidden from us; then it is not in our way either.
    }
  }
  return found;
}
