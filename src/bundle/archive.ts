import { BLOCK, padding, readTarHeader } from './tar';

/** What of an image's configuration tells how it came about. https://github.com/opencontainers/image-spec/blob/main/config.md */
export interface ImageConfig {
  readonly rootfs: { readonly diff_ids: readonly string[] };
  /** What BuildKit wrote into the image of the steps that led to it: base64 of JSON. */
  readonly 'moby.buildkit.cache.v0'?: string;
}

/** Larger files are layers, bytes. */
const MAX_JSON = 4 * 1024 * 1024;

/**
 * The configuration of the only image in an archive in the form of `docker save`, which is read to its end.
 *
 * @throws Error when it is no such archive; what the archive fails with.
 */
export async function imageConfig(archive: AsyncIterable<Uint8Array>): Promise<ImageConfig> {
  const files = await smallFiles(new ByteReader(archive));
  const read = (name: string): unknown => {
    const text = files.get(name);
    if (text === undefined) throw new Error(`the image's archive has no ${name}`);
    return JSON.parse(text);
  };
  const [image] = read('manifest.json') as readonly { readonly Config: string }[];
  return read(image?.Config ?? '') as ImageConfig;
}

async function smallFiles(bytes: ByteReader): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (;;) {
    const header = await bytes.take(BLOCK);
    const entry = header && readTarHeader(header);
    if (!entry) break;
    if (entry.size > MAX_JSON) await bytes.skip(entry.size);
    else files.set(entry.name, (await bytes.take(entry.size))?.toString() ?? '');
    await bytes.skip(padding(entry.size));
  }
  // An engine that is not listened to would take it for the reader's end.
  await bytes.skip(Infinity);
  return files;
}

class ByteReader {
  private readonly chunks: AsyncIterator<Uint8Array>;
  private rest = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.chunks = source[Symbol.asyncIterator]();
  }

  /** So many bytes; undefined when there are fewer. */
  async take(length: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    let missing = length;
    while (missing > 0) {
      const part = await this.next(missing);
      if (!part) return undefined;
      parts.push(part);
      missing -= part.byteLength;
    }
    return Buffer.concat(parts);
  }

  async skip(length: number): Promise<void> {
    let left = length;
    while (left > 0) {
      const part = await this.next(left);
      if (!part) return;
      left -= part.byteLength;
    }
  }

  /** Up to so many bytes; undefined at the end. */
  private async next(most: number): Promise<Buffer | undefined> {
    while (this.rest.byteLength === 0) {
      const next = await this.chunks.next();
      if (next.done) return undefined;
      this.rest = Buffer.from(next.value);
    }
    const part = this.rest.subarray(0, most);
    this.rest = this.rest.subarray(part.byteLength);
    return part;
  }
}
