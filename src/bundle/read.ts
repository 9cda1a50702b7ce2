import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { Failure, messageOf, throwIfCancelled } from '../base';
import { IMAGES_FILE, MANIFEST_FILE, SUMS_FILE } from './contents';
import { notABundle, parseManifest, type BundleManifest } from './manifest';
import { percentOf, type Progress } from './progress';
import { BLOCK, padding, readTarHeader, type TarEntry } from './tar';

interface PlacedEntry extends TarEntry {
  /** Offset of its content in the bundle, bytes. */
  readonly at: number;
}

/** Largest `bundle.json` or `SHA256SUMS` that is read, bytes. */
const MAX_TEXT = 4 * 1024 * 1024;
const CHUNK = 1024 * 1024;

/** A bundle that is open for reading. Its owner closes it. */
export class Bundle {
  private entries: ReadonlyMap<string, PlacedEntry> | undefined;

  private constructor(
    readonly file: string,
    private readonly handle: FileHandle,
    readonly manifest: BundleManifest,
  ) {}

  /**
   * Opens a bundle and reads what it says of itself, and no more.
   *
   * @throws Failure `bundle-missing`, `bundle-invalid`, `bundle-damaged`, `bundle-too-new`.
   */
  static async open(file: string): Promise<Bundle> {
    const handle = await openFile(file);
    try {
      const first = await readEntry(handle, file, 0).catch((error: unknown) => {
        throw notABundle(file, messageOf(error), error);
      });
      if (first?.name !== MANIFEST_FILE) throw notABundle(file, `it does not begin with ${MANIFEST_FILE}`);
      return new Bundle(file, handle, parseManifest(await readText(handle, file, first), file));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /**
   * Reads everything and compares it with the checksums in it.
   *
   * @throws Failure `bundle-damaged`, `bundle-checksum-mismatch`; Cancelled.
   */
  async verify(options: { readonly signal?: AbortSignal | undefined; readonly onProgress: Progress }): Promise<void> {
    const entries = await this.readEntries();
    const sums = entries.get(SUMS_FILE);
    if (!sums) throw damaged(this.file, `${SUMS_FILE} is missing`);
    const wanted = parseSums(await readText(this.handle, this.file, sums));
    const files = [...entries.values()].filter(({ name }) => name !== SUMS_FILE);
    for (const name of [...wanted.keys(), IMAGES_FILE]) {
      if (!entries.has(name)) throw damaged(this.file, `${name} is missing`);
    }
    const total = files.reduce((sum, { size }) => sum + size, 0);
    const counted = percentOf('Checking', total, options.onProgress);
    for (const entry of files) {
      const hash = createHash('sha256');
      for await (const chunk of this.content(entry)) {
        throwIfCancelled(options.signal);
        hash.update(chunk);
        counted(chunk.byteLength);
      }
      if (hash.digest('hex') !== wanted.get(entry.name)) throw mismatch(this.file, entry.name);
    }
    this.entries = entries;
  }

  /** Bytes of a file; undefined when the bundle does not hold it. It must have been verified. */
  sizeOf(name: string): number | undefined {
    return this.verified().get(name)?.size;
  }

  /** The content of a file. It must have been verified. */
  read(name: string): AsyncIterable<Buffer> {
    const entry = this.verified().get(name);
    if (!entry) throw new Error(`the bundle holds no ${name}`);
    return this.content(entry);
  }

  /**
   * A text within an archive that is a file of the bundle; undefined when it is not there. It must have been verified.
   *
   * @throws Failure `bundle-damaged`.
   */
  async readWithin(archive: string, name: string): Promise<string | undefined> {
    const outer = this.verified().get(archive);
    if (!outer) throw new Error(`the bundle holds no ${archive}`);
    const entry = (await this.readEntries(outer.at)).get(name);
    return entry && readText(this.handle, this.file, entry);
  }

  async close(): Promise<void> {
    await this.handle.close();
  }

  private verified(): ReadonlyMap<string, PlacedEntry> {
    if (!this.entries) throw new Error('a bundle is used only after it has been verified');
    return this.entries;
  }

  private async readEntries(start = 0): Promise<ReadonlyMap<string, PlacedEntry>> {
    const entries = new Map<string, PlacedEntry>();
    for (let position = start; ;) {
      let entry: PlacedEntry | undefined;
      try {
        entry = await readEntry(this.handle, this.file, position);
      } catch (error) {
        throw error instanceof Failure ? error : damaged(this.file, messageOf(error), error);
      }
      if (!entry) return entries;
      entries.set(entry.name, entry);
      position = entry.at + entry.size + padding(entry.size);
    }
  }

  private async *content({ at, size }: PlacedEntry): AsyncGenerator<Buffer> {
    for (let done = 0; done < size;) {
      const chunk = await readBytes(this.handle, this.file, at + done, Math.min(CHUNK, size - done));
      done += chunk.length;
      yield chunk;
    }
  }
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    const handle = await open(file, 'r');
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Failure({
      code: 'bundle-missing',
      fault: 'usage',
      summary:
        code === 'ENOENT' ? `There is no bundle ${file}.` : `The bundle ${file} cannot be read (${code ?? 'unknown'}).`,
      evidence: [messageOf(error)],
      nextSteps: ['Name a file that `vapp bundle save` made.'],
      cause: error,
    });
  }
  throw notABundle(file, 'it is not a file');
}

async function readEntry(handle: FileHandle, file: string, position: number): Promise<PlacedEntry | undefined> {
  const header = readTarHeader(await readBytes(handle, file, position, BLOCK));
  return header && { ...header, at: position + BLOCK };
}

/** So many bytes, and no less. @throws Failure `bundle-damaged`. */
async function readBytes(handle: FileHandle, file: string, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await handle.read(buffer, done, length - done, position + done);
    if (bytesRead === 0) throw damaged(file, 'it ends in the middle');
    done += bytesRead;
  }
  return buffer;
}

async function readText(handle: FileHandle, file: string, { at, size, name }: PlacedEntry): Promise<string> {
  if (size > MAX_TEXT) throw damaged(file, `${name} is ${size} bytes long`);
  return (await readBytes(handle, file, at, size)).toString('utf8');
}

function parseSums(text: string): Map<string, string> {
  return new Map([...text.matchAll(/^([0-9a-f]{64}) [ *](.+)$/gm)].map(([, sum = '', name = '']) => [name, sum]));
}

function damaged(file: string, reason: string, cause?: unknown): Failure {
  return new Failure({
    code: 'bundle-damaged',
    fault: 'environment',
    summary: `The bundle ${file} is damaged: ${reason}.`,
    nextSteps: ['Copy it again from where it came from, completely.', 'Make it anew with `vapp bundle save`.'],
    cause,
  });
}

function mismatch(file: string, name: string): Failure {
  return new Failure({
    code: 'bundle-checksum-mismatch',
    fault: 'environment',
    summary: `The bundle ${file} is damaged: ${name} does not have the checksum that ${SUMS_FILE} names.`,
    nextSteps: ['Copy it again from where it came from.', 'Make it anew with `vapp bundle save`.'],
  });
}
