// The one process of the test stack that has to outlive its starter, which src/tools rules out on purpose.
import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { Failure } from '../../../src/base';
import { identify, type ProcessIdentity } from './identity';

export interface Daemon {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Its output goes to the end of this file. */
  readonly log: string;
}

/** Starts a program in a session of its own, with no tie to this process but the answer. */
export async function startDaemon({ program, args, env, log }: Daemon): Promise<ProcessIdentity> {
  const file = await open(log, 'a');
  try {
    const child = spawn(program, args, { cwd: '/', env, detached: true, stdio: ['ignore', file.fd, file.fd] });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    const identity = child.pid === undefined ? undefined : await identify(child.pid);
    if (!identity) {
      throw new Failure({
        code: 'daemon-ended',
        fault: 'environment',
        summary: `${program} ended at once; its output is in ${log}.`,
      });
    }
    return identity;
  } finally {
    await file.close();
  }
}
