import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { basename } from 'node:path';

const OUR_PROGRAMS = ['docker', 'k3d', 'helm', 'kubectl'];

/**
 * What of this process keeps something open, by kind and number: sockets, processes, watchers, timers. Language servers
 * and the like, which the editor's own extensions start whenever they want, are left out.
 */
export function openResources(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const count = (kind: string, by: number) => counts.set(kind, (counts.get(kind) ?? 0) + by);
  // It becomes a pipe for good when it is first read, as execa does with its first process.
  assert.ok(process.stdin);
  for (const kind of process.getActiveResourcesInfo()) count(kind, 1);
  for (const { stdio, channel } of foreignProcesses()) {
    count('ProcessWrap', -1);
    count('PipeWrap', -stdio.filter((stream) => stream?.destroyed === false).length - (channel ? 1 : 0));
  }
  return counts;
}

/** Kinds of which there are more than there were, with both numbers. */
export function more(than: ReadonlyMap<string, number>, now = openResources()): string[] {
  return [...now].flatMap(([kind, count]) => {
    const before = than.get(kind) ?? 0;
    return count > before ? [`${kind}: ${count} instead of ${before}${kind === 'PipeWrap' ? pipes() : ''}`] : [];
  });
}

/** What is known of the pipes of this process, to find the one too many. */
function pipes(): string {
  const sockets = activeHandles().filter((handle): handle is Socket => handle instanceof Socket);
  const children = activeHandles().filter(
    (handle): handle is ChildProcess => handle.constructor.name === 'ChildProcess',
  );
  const ownerOf = (socket: Socket) => children.find(({ stdio }) => stdio.includes(socket))?.spawnfile ?? '';
  return sockets
    .filter(({ remoteAddress }) => remoteAddress === undefined)
    .map((socket) => `\n  read ${socket.bytesRead}, written ${socket.bytesWritten} ${ownerOf(socket)}`)
    .join('');
}

/** There is no public way to the handles themselves. */
function activeHandles(): object[] {
  return (process as unknown as { _getActiveHandles(): object[] })._getActiveHandles();
}

function foreignProcesses(): ChildProcess[] {
  return activeHandles().filter(
    (handle): handle is ChildProcess =>
      handle.constructor.name === 'ChildProcess' &&
      !OUR_PROGRAMS.includes(basename((handle as ChildProcess).spawnfile)),
  );
}
