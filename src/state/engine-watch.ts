import { readlink } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { Cancelled, Failure, isCancelled, orCancelled, sleep, throwIfCancelled } from '../base';
import { ENGINE_EVENT_FILTERS, type EngineEvent } from '../runtime';
import { LineSplitter, dockerFailure, type Toolbox } from '../tools';
import { FolderWatch } from './folder-watch';
import type { EnginePicture } from './types';

/** The part of the engine's client (dockerode) by which it is watched. */
export interface EngineClient {
  getEvents(options: object): Promise<NodeJS.ReadableStream>;
  /** Its `socketPath`, where it has one, is the socket's file. */
  readonly modem: object;
}

/** What the client's promise of a readable stream really is: the answer to its request. */
interface EventStream extends NodeJS.ReadableStream {
  readonly socket?: { setKeepAlive(enable: boolean, initialDelayMs: number): unknown };
  destroy(): unknown;
}

export interface EngineWatchOptions {
  readonly docker: () => Promise<EngineClient>;
  readonly toolbox: Pick<Toolbox, 'path'>;
  /** Also called with `up` whenever events may have been missed: what is known of the engine is to be read anew. */
  readonly onState: (engine: EnginePicture) => void;
  readonly onEvent: (event: EngineEvent) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Follows the engine's events until the signal fires; then it rejects with Cancelled. That the engine is gone shows by
 * the end of its events. That it is back shows in the folder of its socket; an engine behind a network address can only
 * be asked now and then, and so is one whose socket tells nothing, at most every {@link SHORTEST_WAIT_MS}.
 */
export async function watchEngine(options: EngineWatchOptions, signal: AbortSignal): Promise<never> {
  let waitMs = SHORTEST_WAIT_MS;
  for (;;) {
    let client: EngineClient | undefined;
    let lasted = 0;
    let failure: Failure;
    try {
      client = await orCancelled(options.docker(), signal);
      const stream = await openEvents(client, signal);
      const opened = performance.now();
      waitMs = SHORTEST_WAIT_MS;
      options.onState({ state: 'up' });
      failure = await readEvents(stream, options.onEvent, signal);
      lasted = performance.now() - opened;
    } catch (error) {
      if (isCancelled(error, signal)) throw new Cancelled();
      failure = dockerFailure(error);
    }
    // A connection may break without the engine being gone: one more try, before anybody is told.
    if (lasted > SHORT_LIFE_MS) continue;
    options.onState({ state: await isMissing(failure, options.toolbox), failure });
    await untilWorthATry(socketPathOf(client), waitMs, options.onError, signal);
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }
}

const SHORTEST_WAIT_MS = 5000;
const LONGEST_WAIT_MS = 30_000;
const SHORT_LIFE_MS = 1000;
/** How long an engine that takes connections may take to answer. */
const ANSWER_MS = 15_000;
/** A socket is there a moment before it takes connections. */
const SETTLE_MS = 100;
const MAX_EVENT_LENGTH = 1024 * 1024;

async function openEvents(client: EngineClient, signal: AbortSignal): Promise<EventStream> {
  const overdue = new AbortController();
  const timer = setTimeout(() => overdue.abort(), ANSWER_MS);
  try {
    const stream = (await client.getEvents({
      // What stands in `_query` alone goes into the address.
      _query: { filters: ENGINE_EVENT_FILTERS },
      abortSignal: AbortSignal.any([signal, overdue.signal]),
    })) as EventStream;
    // Only this tells of a peer on the network that went away without a word.
    stream.socket?.setKeepAlive(true, 15_000);
    return stream;
  } catch (error) {
    throwIfCancelled(signal);
    throw overdue.signal.aborted ? noAnswer(ANSWER_MS) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** Hands on events until the stream ends; answers what ended it. */
async function readEvents(
  stream: EventStream,
  onEvent: (event: EngineEvent) => void,
  signal: AbortSignal,
): Promise<Failure> {
  const abort = () => stream.destroy();
  signal.addEventListener('abort', abort, { once: true });
  const lines = new LineSplitter((line) => {
    if (line !== '') onEvent(JSON.parse(line) as EngineEvent);
  }, MAX_EVENT_LENGTH);
  try {
    for await (const chunk of stream) lines.write(chunk as Buffer);
  } catch (error) {
    throwIfCancelled(signal);
    return dockerFailure(error);
  } finally {
    signal.removeEventListener('abort', abort);
    stream.destroy();
  }
  throwIfCancelled(signal);
  return connectionClosed();
}

async function isMissing(failure: Failure, toolbox: Pick<Toolbox, 'path'>): Promise<'down' | 'missing'> {
  if (failure.code !== 'docker-not-running') return 'down';
  try {
    await toolbox.path('docker');
    return 'down';
  } catch (error) {
    if (error instanceof Failure && error.code === 'tool-missing') return 'missing';
    throw error;
  }
}

/** Waits for a change of the socket in its folder, at most `ms` milliseconds. */
async function untilWorthATry(
  socketPath: string | undefined,
  ms: number,
  onError: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  if (socketPath === undefined) return sleep(ms, signal);
  const path = await targetOf(socketPath);
  const woken = new AbortController();
  const watch = new FolderWatch(
    dirname(path),
    (name) => name === basename(path),
    () => woken.abort(),
    onError,
  );
  try {
    await sleep(ms, AbortSignal.any([signal, woken.signal]));
  } catch (error) {
    if (!isCancelled(error) || signal.aborted) throw error;
    await sleep(SETTLE_MS, signal);
  } finally {
    watch.close();
  }
}

function socketPathOf(client: EngineClient | undefined): string | undefined {
  const { socketPath } = (client?.modem ?? {}) as { readonly socketPath?: unknown };
  // A named pipe of Windows is in no folder.
  return typeof socketPath === 'string' && !/^[\\/]{2}/.test(socketPath) ? socketPath : undefined;
}

/** Where a socket really is: `/var/run/docker.sock` is a link to one elsewhere on some systems. */
async function targetOf(socketPath: string): Promise<string> {
  try {
    return resolve(dirname(socketPath), await readlink(socketPath));
  } catch {
    // No link, or nothing at all: its own folder is the one to watch.
    return socketPath;
  }
}

/** The engine is there and says nothing. */
export function noAnswer(waitedMs: number): Failure {
  return new Failure({
    code: 'docker-not-running',
    fault: 'environment',
    summary: 'The Docker engine does not answer.',
    evidence: [`no answer within ${waitedMs / 1000} s`],
    nextSteps: ['Restart Docker.'],
  });
}

function connectionClosed(): Failure {
  return new Failure({
    code: 'docker-not-running',
    fault: 'environment',
    summary: 'The Docker engine closed the connection.',
    nextSteps: ['Start Docker, or point DOCKER_HOST to a running engine.'],
  });
}
