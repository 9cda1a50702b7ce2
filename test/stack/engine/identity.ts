import { readFile } from 'node:fs/promises';

/** A process beyond doubt: a pid alone may have been given to somebody else since. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between boot and start: field 22 of proc_pid_stat(5). */
  readonly startTime: string;
  readonly bootId: string;
}

/** Identifies a running process; undefined when there is none with this pid. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const startTime = await startTimeOf(pid);
  return startTime === undefined ? undefined : { pid, startTime, bootId: await bootId() };
}

/** Whether exactly this process still runs. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  return identity.bootId === (await bootId()) && identity.startTime === (await startTimeOf(identity.pid));
}

/** Changes with every boot of the machine. */
export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

async function startTimeOf(pid: number): Promise<string | undefined> {
  try {
    return startTimeIn(await readFile(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    // No such process, or it ended while we looked.
    return undefined;
  }
}

/** The start time in a line of /proc/PID/stat; undefined for a process that has ended and is not yet reaped. */
export function startTimeIn(stat: string): string | undefined {
  // The program's name, in parentheses, may contain spaces and parentheses itself.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .trim()
    .split(' ');
  return fields[0] === 'Z' ? undefined : fields[19];
}
