import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { Cancelled, Failure, isCancelled, messageOf, throwIfCancelled } from '../base';
import { IMAGES_FILE, MANIFEST_FILE, SUMS_FILE, modeOf, type PackedFile } from './contents';
import type { BundleManifest } from './manifest';
import { megabytesOf, type Progress } from './progress';
import { BLOCK, padding, tarHeader } from './tar';

export interface BundleSource {
  readonly manifest: BundleManifest;
  /** In the order in which they are to be. */
  readonly files: readonly PackedFile[];
  /** The images in the form of `docker save`; called when their turn has come. */
  readonly images: () => Promise<AsyncIterable<Uint8Array>>;
}

export interface WriteOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: Progress;
}

/**
 * Writes a bundle beside `file` and gives it its name when it is complete. Cancelled or failed, it leaves nothing behind,
 * and a bundle that was there before is as it was.
 *
 * @returns its size in bytes.
 * @throws Failure `no-space`, `bundle-not-writable`; Cancelled; whatever the images' stream throws.
 */
export async function writeBundle(file: string, source: BundleSource, options: WriteOptions): Promise<number> {
  const unfinished = `${file}.part`;
  try {
    const handle = await open(unfinished, 'w');
    let size: number;
    try {
      size = await new Writer(handle, options).write(source);
      await handle.sync();
    } finally {
      await handle.close();
    }
    throwIfCancelled(options.signal);
    await rename(unfinished, file);
    return size;
  } catch (error) {
    await rm(unfinished, { force: true });
    if (isCancelled(error, options.signal) || options.signal?.aborted) throw new Cancelled();
    throw writeFailure(file, error);
  }
}

/** Writes front to back; only what is known last, checksums and a size, is put in its place at the end. */
class Writer {
  private position = 0;
  private readonly modified = new Date();
  private readonly sums = new Map<string, string>();

  constructor(
    private readonly handle: FileHandle,
    private readonly options: WriteOptions,
  ) {}

  async write({ manifest, files, images }: BundleSource): Promise<number> {
    const manifestText = Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`);
    await this.entry(MANIFEST_FILE, modeOf(false), manifestText.length, [manifestText]);
    const names = [MANIFEST_FILE, ...files.map(({ name }) => name), IMAGES_FILE];
    const sumsAt = this.position;
    const room = Buffer.byteLength(sumsText(names.map((name) => [name, '0'.repeat(64)])));
    await this.entry(SUMS_FILE, modeOf(false), room, [Buffer.alloc(room)]);

    for (const { name, path, executable } of files) {
      const { size } = await stat(path);
      await this.entry(name, modeOf(executable), size, createReadStream(path, { highWaterMark: CHUNK }));
    }
    const imagesAt = this.position;
    const counted = megabytesOf('Packing images,', this.options.onProgress);
    const size = await this.entry(IMAGES_FILE, modeOf(false), 0, await images(), counted);
    await this.append(Buffer.alloc(2 * BLOCK));

    await this.put(tarHeader({ name: IMAGES_FILE, size, mode: modeOf(false) }, this.modified), imagesAt);
    await this.put(Buffer.from(sumsText(names.map((name) => [name, this.sums.get(name) ?? '']))), sumsAt + BLOCK);
    return this.position;
  }

  private async entry(
    name: string,
    mode: number,
    size: number,
    content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    onBytes?: (bytes: number) => void,
  ): Promise<number> {
    await this.append(tarHeader({ name, size, mode }, this.modified));
    const hash = createHash('sha256');
    let written = 0;
    for await (const chunk of content) {
      throwIfCancelled(this.options.signal);
      hash.update(chunk);
      await this.append(chunk);
      written += chunk.byteLength;
      onBytes?.(chunk.byteLength);
    }
    await this.append(Buffer.alloc(padding(written)));
    this.sums.set(name, hash.digest('hex'));
    return written;
  }

  private async append(bytes: Uint8Array): Promise<void> {
    await this.put(bytes, this.position);
    this.position += bytes.byteLength;
  }

  private async put(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.byteLength;) {
      const { bytesWritten } = await this.handle.write(bytes, done, bytes.byteLength - done, position + done);
      done += bytesWritten;
    }
  }
}

const CHUNK = 1024 * 1024;

/** Lines as `sha256sum --check` reads them. */
function sumsText(sums: readonly (readonly [name: string, sum: string])[]): string {
  return sums.map(([name, sum]) => `${sum}  ${name}\n`).join('');
}

function writeFailure(file: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined || error instanceof Failure) return error;
  const common = { fault: 'environment', evidence: [messageOf(error)], cause: error } as const;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new Failure({
      ...common,
      code: 'no-space',
      summary: `There is not enough space for the bundle ${file}.`,
      nextSteps: ['Free some space, or name a file on another disk. A bundle takes one to three gigabytes.'],
    });
  }
  return new Failure({
    ...common,
    code: 'bundle-not-writable',
    summary: `The bundle ${file} cannot be written (${code}).`,
    nextSteps: ['Name a file in a folder that is there and that you may write to.'],
  });
}
