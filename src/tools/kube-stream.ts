import type { Readable } from 'node:stream';
import { Cancelled, messageOf } from '../base';
import { clusterUnreachable } from './kube-failure';
import { LineSplitter } from './lines';

/** One line of a watch, as the API server sends it. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: unknown;
}

const MAX_EVENT_LENGTH = 16 * 1024 * 1024;

/**
 * The body of an answer, as it comes: what is not read is not fetched. Whoever gets one reads it in a loop, whose end
 * also ends the request, or closes it.
 */
export class KubeStream implements AsyncIterable<Buffer> {
  constructor(
    private readonly body: Readable,
    /** Where the answer comes from, for failures. */
    private readonly address: string,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** @throws Failure `cluster-unreachable` when the connection breaks or was closed; Cancelled. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    const chunks: AsyncIterator<Buffer, undefined> = this.body[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { done, value } = await chunks.next().catch((error: unknown) => {
          throw transportFailure(error, this.address, this.signal);
        });
        if (done) return;
        yield value;
      }
    } finally {
      this.close();
    }
  }

  /** Ends the request. A loop over the body fails as if the connection had broken. */
  close(): void {
    this.body.destroy();
  }

  /** The whole body. @throws Failure `cluster-unreachable`, also for a body longer than `maxBytes`; Cancelled. */
  async bytes(maxBytes: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of this) {
      size += chunk.length;
      if (size > maxBytes) throw clusterUnreachable(this.address, new Error(`the answer exceeds ${maxBytes} bytes`));
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  /** The events of a watch. @throws Failure `cluster-unreachable`, also for what is no event; Cancelled. */
  async *events(): AsyncGenerator<WatchEvent, void> {
    let lines: string[] = [];
    const splitter = new LineSplitter((line) => lines.push(line), MAX_EVENT_LENGTH);
    for await (const chunk of this) {
      splitter.write(chunk);
      for (const line of lines) if (line !== '') yield parseEvent(line, this.address);
      lines = [];
    }
  }
}

function parseEvent(line: string, address: string): WatchEvent {
  const event = parseJson(line, address);
  if (isEvent(event)) return event;
  throw clusterUnreachable(address, new Error('the answer is not an event of a watch'));
}

function isEvent(value: unknown): value is WatchEvent {
  if (!isRecord(value) || !EVENT_TYPES.has(value['type'])) return false;
  // An error comes with a status.
  return value['type'] === 'ERROR' ? isRecord(value['object']) : isObject(value['object']);
}

const EVENT_TYPES: ReadonlySet<unknown> = new Set<WatchEvent['type']>([
  'ADDED',
  'MODIFIED',
  'DELETED',
  'BOOKMARK',
  'ERROR',
]);

/** Whether a value is like an object of Kubernetes: all of them have metadata. */
export function isObject(value: unknown): boolean {
  return isRecord(value) && isRecord(value['metadata']);
}

/** Whether a value has fields. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws Failure `cluster-unreachable`: something else answered in the API's place, or the answer was cut. */
export function parseJson(text: string, address: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw clusterUnreachable(address, new Error(`the answer is not JSON (${messageOf(error)})`));
  }
}

/** What a broken connection means: that the request was cancelled, or that nobody answers. */
export function transportFailure(error: unknown, address: string, signal: AbortSignal | undefined): Error {
  return signal?.aborted ? new Cancelled() : clusterUnreachable(address, error);
}
