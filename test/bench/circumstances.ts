import { statfs } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Toolbox, runCommand } from '../../src/tools';

/** What the measurements of one run have in common. */
export interface Machine {
  readonly cores: number;
  readonly memory: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** What a measurement was made under. */
export interface Circumstances {
  /** When it ended, RFC 3339. */
  readonly date: string;
  /** Of the sources; `+` when there were changes besides. */
  readonly commit: string;
  /** Cores that others kept busy just before and just after it. */
  readonly othersLoad: readonly [number, number];
}

export async function machineOf(env: NodeJS.ProcessEnv): Promise<Machine> {
  const toolbox = new Toolbox(env);
  const tools = ['docker', 'k3d', 'helm', 'kubectl'] as const;
  const versions = await Promise.all(tools.map(async (tool) => [tool, await toolbox.version(tool)] as const));
  return {
    cores: cpus().length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    versions: { node: process.versions.node, ...Object.fromEntries(versions) },
  };
}

export async function revisionOf(root: string): Promise<string> {
  const git = async (...args: string[]) => (await runCommand({ program: 'git', args, cwd: root })).stdout.trim();
  const commit = await git('rev-parse', '--short', 'HEAD');
  // Results of the run before are no change of what is measured.
  const changes = await git('status', '--porcelain', '--', '.', ':!bench');
  return changes === '' ? commit : `${commit}+`;
}

/** The nodes of plain clusters take no pods any more below 5 % (the default of k3s), and ten clusters need room. */
const SHARE_FREE = 0.1;

/** Says what is to be done when there is too little of the disk left for the measurements; undefined when there is enough. */
export async function shortOfDisk(folder: string): Promise<string | undefined> {
  const { bavail, blocks, bsize } = await statfs(folder);
  if (bavail >= SHARE_FREE * blocks) return undefined;
  const gigabytes = (count: number) => `${((count * bsize) / 1e9).toFixed(0)} GB`;
  return `${gigabytes(bavail)} of the disk are free. Free ${gigabytes(SHARE_FREE * blocks)}: below 5 % the peers' nodes take no pods.`;
}

const LOAD_WINDOW_MS = 2_000;

/** How many cores are busy while we do nothing, over two seconds. */
export async function othersLoad(): Promise<number> {
  const before = busyMilliseconds();
  const started = performance.now();
  await sleep(LOAD_WINDOW_MS);
  return Math.round((100 * (busyMilliseconds() - before)) / (performance.now() - started)) / 100;
}

function busyMilliseconds(): number {
  return cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0);
}
