import { readFile, stat, statfs } from 'node:fs/promises';
import { hostname, release, totalmem } from 'node:os';
import { formatBytes } from '../images';
import { ok, together, warning, type Finding } from './check';
import type { Engine, EngineInfo, Facts } from './facts';

/** Below this much free space a build and a cluster are likely to fail. */
const LOW_DISK_BYTES = 5e9;

/** Whether the engine's kernel is ours, so that `/proc` tells of it, too: on its machine, and in its containers. */
export function sharesKernel({ KernelVersion, MemTotal = 0 }: EngineInfo): boolean {
  // Two machines of one system may have the same kernel; hardly to the byte the same memory.
  return process.platform === 'linux' && KernelVersion === release() && Math.abs(MemTotal - totalmem()) < 1e6;
}

/** Whether the engine's files are where we see them, too: not in another container or virtual machine. */
function sharesFiles(info: EngineInfo): boolean {
  return sharesKernel(info) && info.Name === hostname();
}

/** Free space of the workspace, and of where the engine keeps its data when that can be seen from here. */
export async function lookAtDisk(facts: Facts): Promise<Finding> {
  const { root } = facts.session;
  const engine = await facts.engine().catch(() => undefined);
  const data = engine && sharesFiles(engine.info) ? engine.info.DockerRootDir : undefined;
  const own = await diskAt(root);
  // Not everybody may look there.
  const dockers = data === undefined ? undefined : await diskAt(data).catch(() => undefined);
  return judgeDisk(own, dockers);
}

export interface Disk {
  /** Bytes that may still be written. */
  readonly free: number;
  /** Number of the file system. */
  readonly device: number;
  /** Magic number of its kind (statfs(2)). */
  readonly kind: number;
}

async function diskAt(path: string): Promise<Disk> {
  const [{ bavail, bsize, type }, { dev }] = await Promise.all([statfs(path), stat(path)]);
  return { free: bavail * bsize, device: dev, kind: type };
}

/** Kinds of file systems on which k3s cannot lay its overlays: the node's volumes are in the engine's data. */
const UNFIT: ReadonlyMap<number, string> = new Map([
  [0x794c7630, 'an overlay file system, as in a container without a volume'],
  [0x2fc12fc1, 'ZFS, which only from OpenZFS 2.2 on can hold the overlays of k3s'],
]);

export function judgeDisk(own: Disk, docker?: Disk): Finding {
  const findings = [space(own.free, docker?.device === own.device ? '' : ' for the workspace')];
  if (docker && docker.device !== own.device) findings.push(space(docker.free, ' where Docker keeps its data'));
  const unfit = docker && UNFIT.get(docker.kind);
  if (unfit !== undefined) {
    findings.push(
      warning(
        `Docker keeps its data on ${unfit}`,
        'Let Docker keep its data on ext4 or xfs: "data-root" in daemon.json, or a volume at that place.',
      ),
    );
  }
  return together(findings);
}

function space(free: number, of: string): Finding {
  if (free > LOW_DISK_BYTES) return ok(`${formatBytes(free)} free${of}`);
  return warning(
    `only ${formatBytes(free)} free${of}; a build and a cluster take some ${formatBytes(LOW_DISK_BYTES)}`,
    'Free some space, for example with `docker system prune`.',
  );
}

/** What k3s asks for: https://docs.k3s.io/installation/requirements, 2 GB for a server, 512 MB for an agent. */
const SERVER_BYTES = 2e9;
const AGENT_BYTES = 0.5e9;
/** Measured: a server with broker and databroker takes 0.65 GB, an agent less than 0.3 GB; rounded up for an app. */
const SERVER_TAKES_BYTES = 1e9;
const AGENT_TAKES_BYTES = 0.3e9;

/** Memory of the engine's machine, and how much of it is there for the taking. */
export async function lookAtMemory(facts: Facts, engine: Engine): Promise<Finding> {
  const { runtime } = await facts.repository();
  const { state } = await facts.status();
  const available = sharesKernel(engine.info) ? await availableMemory() : undefined;
  return judgeMemory({
    total: engine.info.MemTotal,
    agents: runtime.agents,
    // What the runtime takes already, it need not find any more.
    available: available === undefined ? undefined : { bytes: available, needed: state !== 'running' },
  });
}

export interface Memory {
  /** Bytes, as the other sizes. */
  readonly total: number | undefined;
  readonly available: { readonly bytes: number; readonly needed: boolean } | undefined;
  readonly agents: number;
}

export function judgeMemory({ total, available, agents }: Memory): Finding {
  if (total === undefined) return ok('the engine does not tell');
  const wanted = SERVER_BYTES + agents * AGENT_BYTES;
  const takes = SERVER_TAKES_BYTES + agents * AGENT_TAKES_BYTES;
  const told = [
    `${formatBytes(total)} for the engine`,
    ...(available ? [`${formatBytes(available.bytes)} available`] : []),
  ];
  const nodes = agents === 0 ? 'a cluster' : `a cluster with ${agents} agent${agents === 1 ? '' : 's'}`;
  if (total < wanted) {
    return warning(
      `${told.join(', ')}; ${nodes} asks for ${formatBytes(wanted)}`,
      'Give the engine more memory: in Docker Desktop under Settings › Resources, in WSL by `memory` in .wslconfig.',
    );
  }
  if (available?.needed && available.bytes < takes) {
    return warning(
      `${told.join(', ')}; ${nodes} with its services takes some ${formatBytes(takes)}`,
      'End programs that take much memory, or stop runtimes of other workspaces: `vapp stop` there.',
    );
  }
  return ok(told.join(', '));
}

async function availableMemory(): Promise<number | undefined> {
  return parseAvailable(await readFile('/proc/meminfo', 'utf8'));
}

/** `MemAvailable` of `/proc/meminfo`, bytes. */
export function parseAvailable(meminfo: string): number | undefined {
  const kibibytes = /^MemAvailable:\s*(\d+) kB$/m.exec(meminfo)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}
