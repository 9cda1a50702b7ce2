import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { Cancelled, Failure, isCancelled } from '../../src/base';
import { checksumFor, verifyChecksum } from './checksum';

export interface Download {
  readonly url: string;
  /** Absolute path to write to. */
  readonly file: string;
  /** Where the publisher's checksums are; left out where none are published. */
  readonly checksumUrl?: string;
}

/**
 * Downloads a file and verifies it.
 *
 * @throws Failure `download-failed`, `checksum-missing`, `checksum-mismatch`; Cancelled.
 */
export async function download(
  { url, file, checksumUrl }: Download,
  report: (detail: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await get(url, signal);
  const total = Number(response.headers.get('content-length')) || undefined;
  let received = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.byteLength;
      report(formatAmount(received, total));
      done(null, chunk);
    },
  });
  try {
    await pipeline(Readable.fromWeb(response.body as ReadableStream<Uint8Array>), counter, createWriteStream(file), {
      signal,
    });
  } catch (error) {
    throw downloadFailure(url, error, signal);
  }
  if (checksumUrl === undefined) return;
  const checksums = await (await get(checksumUrl, signal)).text();
  await verifyChecksum(file, checksumFor(url.slice(url.lastIndexOf('/') + 1), checksums), url);
}

/** `12.3 of 45.6 MB`. */
export function formatAmount(received: number, total?: number): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  return total === undefined ? `${megabytes(received)} MB` : `${megabytes(received)} of ${megabytes(total)} MB`;
}

async function get(url: string, signal: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    throw downloadFailure(url, error, signal);
  }
  if (!response.ok || !response.body) throw downloadFailure(url, new Error(`HTTP ${response.status}`), signal);
  return response;
}

function downloadFailure(url: string, error: unknown, signal: AbortSignal): Error {
  if (isCancelled(error, signal)) return new Cancelled();
  // fetch says no more than "fetch failed"; the reason is its cause.
  const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return new Failure({
    code: 'download-failed',
    fault: 'environment',
    summary: `${url} could not be downloaded: ${reason instanceof Error ? reason.message : String(reason)}.`,
    cause: error,
  });
}
