import { readdir, readFile } from 'node:fs/promises';

interface Process {
  readonly pid: number;
  readonly commandLine: string;
}

/** The processes that have this folder as their home, which is how those of one desk are told from all others. */
export async function processesOf(home: string): Promise<Process[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0 && pid !== process.pid);
  const found = await Promise.all(pids.map((pid) => look(pid, home)));
  return found.filter((process) => process !== undefined);
}

async function look(pid: number, home: string): Promise<Process | undefined> {
  try {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
    if (!environment.split('\0').includes(`HOME=${home}`)) return undefined;
    const commandLine = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
    return commandLine === '' ? undefined : { pid, commandLine };
  } catch {
    // It has ended meanwhile, or belongs to somebody else.
    return undefined;
  }
}
