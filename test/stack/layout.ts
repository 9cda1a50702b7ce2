import { createHash } from 'node:crypto';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Folders and files of the stack. All are absolute. */
export interface Layout {
  /** `$XDG_CACHE_HOME/vscode-velocitas`, by default below `~/.cache`. */
  readonly cache: string;
  /** Our own engine: data, logs, what the machine was like before it. */
  readonly engine: string;
  /** Sockets and pid files of our own engine. */
  readonly run: string;
  /** Links to the tools; first in the stack's PATH. */
  readonly bin: string;
  /** The stack's DOCKER_CONFIG. */
  readonly dockerConfig: string;
  /** What the last setup arrived at; see `state.ts`. */
  readonly state: string;
}

/** Longest path of a unix socket that every platform takes is 103 bytes; the longest name we add has 40. */
const LONGEST_SOCKET_FOLDER = 60;

/** Where everything is, for a user with this environment. */
export function layoutFor(env: NodeJS.ProcessEnv = process.env): Layout {
  const cache = join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'vscode-velocitas');
  const engine = join(cache, 'engine');
  return {
    cache,
    engine,
    run: shortFolder(join(engine, 'run'), cache),
    bin: join(cache, 'bin'),
    dockerConfig: join(cache, 'docker-config'),
    state: join(cache, 'stack.json'),
  };
}

function shortFolder(wanted: string, cache: string): string {
  if (Buffer.byteLength(wanted) <= LONGEST_SOCKET_FOLDER) return wanted;
  return join(tmpdir(), `vapp-engine-${createHash('sha256').update(cache).digest('hex').slice(0, 12)}`);
}
