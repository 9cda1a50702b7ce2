import { statfs } from 'node:fs/promises';
import type { Docker } from '../tools';

/** What an engine has to work with, as far as it tells. */
export interface EngineFacts {
  /** Bytes of memory for all containers and builds together. */
  readonly memory?: number;
  /** Bytes free on the disk that holds images and build caches. */
  readonly freeDisk?: number;
  /** Bytes of build caches that nothing uses. */
  readonly unusedCache?: number;
}

/** Longest wait for what only makes an explanation better, milliseconds. */
const PATIENCE_MS = 5_000;

/** Asks an engine; what it does not tell in time is left out. */
export async function engineFacts(docker: Docker): Promise<EngineFacts> {
  const abortSignal = AbortSignal.timeout(PATIENCE_MS);
  const [info, usage] = await Promise.all([
    ask(docker, 'info', abortSignal) as Promise<EngineInfo | undefined>,
    ask(docker, 'df', abortSignal) as Promise<DiskUsage | undefined>,
  ]);
  const freeDisk = isHere(docker) && info?.DockerRootDir ? await freeBytes(info.DockerRootDir) : undefined;
  const unused = usage?.BuildCache?.filter(({ InUse, Shared }) => !InUse && !Shared).map(({ Size = 0 }) => Size);
  return {
    ...(info?.MemTotal ? { memory: info.MemTotal } : {}),
    ...(freeDisk === undefined ? {} : { freeDisk }),
    ...(unused === undefined ? {} : { unusedCache: unused.reduce((sum, size) => sum + size, 0) }),
  };
}

/** `2.4 GB`, in decimal units, as Docker shows sizes. */
export function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

interface EngineInfo {
  readonly MemTotal?: number;
  readonly DockerRootDir?: string;
}

interface DiskUsage {
  readonly BuildCache?:
    readonly { readonly Size?: number; readonly InUse?: boolean; readonly Shared?: boolean }[] | null;
}

/** dockerode's types do not know that these may be given up. */
type Asking = Record<'info' | 'df', (options: { abortSignal: AbortSignal }) => Promise<unknown>>;

async function ask(docker: Docker, what: 'info' | 'df', abortSignal: AbortSignal): Promise<unknown> {
  try {
    return await (docker as unknown as Asking)[what]({ abortSignal });
  } catch {
    // The engine may have gone: the explanation does without.
    return undefined;
  }
}

/** Whether its folders may be those of this machine. */
function isHere(docker: Docker): boolean {
  return (docker.modem as { socketPath?: unknown }).socketPath !== undefined;
}

async function freeBytes(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    // The engine runs in a machine of its own, as that of Docker Desktop does.
    return undefined;
  }
}
