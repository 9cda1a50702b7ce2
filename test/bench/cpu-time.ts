import { readFile, readdir } from 'node:fs/promises';

/** Of a process as the kernel's `/proc/<pid>/stat` has it, see proc_pid_stat(5). Times in clock ticks. */
export interface ProcessTimes {
  readonly pid: number;
  readonly parent: number;
  /** In user and kernel mode. */
  readonly own: number;
  /** Of its ended children that it has waited for, and of theirs. */
  readonly ofEnded: number;
}

/** Ticks a second; Linux shows them so on all its platforms, whatever its own timer. */
export const TICKS_PER_SECOND = 100;

/** Reads the content of `/proc/<pid>/stat`. */
export function parseProcessTimes(stat: string): ProcessTimes {
  // The name is in parentheses and may hold anything, those as well.
  const afterName = stat.lastIndexOf(')');
  const fields = stat.slice(afterName + 2).split(' ');
  // proc_pid_stat(5) counts from 1, and the first here is its third.
  const field = (number: number) => Number(fields[number - 3]);
  return {
    pid: Number.parseInt(stat, 10),
    parent: field(4),
    own: field(14) + field(15),
    ofEnded: field(16) + field(17),
  };
}

/** Ticks that a process and all that it has started have used, those that have ended included. */
export function ticksOf(root: number, processes: readonly ProcessTimes[]): number {
  const found = processes.find(({ pid }) => pid === root);
  if (!found) throw new Error(`there is no process ${root}`);
  const children = processes.filter(({ parent }) => parent === root);
  return children.reduce((sum, { pid }) => sum + ticksOf(pid, processes), found.own + found.ofEnded);
}

/** Seconds of CPU time that a process and all that it has started have used. Linux only. */
export async function cpuSecondsOf(pid: number): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map(statOf));
  const processes = stats.flatMap((stat) => (stat === undefined ? [] : [parseProcessTimes(stat)]));
  return ticksOf(pid, processes) / TICKS_PER_SECOND;
}

/** Undefined when the process has ended meanwhile. */
async function statOf(pid: string): Promise<string | undefined> {
  try {
    return await readFile(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
