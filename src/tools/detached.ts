import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure, messageOf } from '../base';
import type { Command } from './process';

/** A process that lives on without this one. */
export interface DetachedProcess {
  readonly pid: number;
  /** Settles with the exit code when it ends while this process lives; undefined: a signal ended it. */
  readonly ended: Promise<number | undefined>;
  /** Lets this process end without waiting for it. */
  release(): void;
}

/**
 * Starts a process in a session of its own, so that no hang-up and no Ctrl-C of this one's terminal reaches it. What it
 * writes goes to a file, which is begun anew and which its owner alone can read.
 *
 * @param command its `env` is the whole environment.
 * @throws Failure `process-not-started`.
 */
export async function startDetached(command: Command, logFile: string): Promise<DetachedProcess> {
  await mkdir(dirname(logFile), { recursive: true, mode: 0o700 });
  const log = await open(logFile, 'w', 0o600);
  try {
    const child = spawn(command.program, command.args, {
      cwd: command.cwd,
      env: command.env,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    await once(child, 'spawn');
    const ended = once(child, 'exit').then(([code]) => (code as number | null) ?? undefined);
    return { pid: child.pid ?? 0, ended, release: () => child.unref() };
  } catch (error) {
    throw new Failure({
      code: 'process-not-started',
      fault: 'environment',
      summary: `A process in the background could not be started: ${messageOf(error)}.`,
      cause: error,
    });
  } finally {
    await log.close();
  }
}
