import { digestOf } from '../base';
import { BLOCK, padding, readTarHeader, tarHeader } from './tar';

/** What of an image's configuration tells how it came about. https://github.com/opencontainers/image-spec/blob/main/config.md */
export interface ImageConfig {
  readonly rootfs: { readonly diff_ids: readonly string[] };
  /** What BuildKit wrote into the image of the steps that led to it: base64 of JSON. */
  readonly 'moby.buildkit.cache.v0'?: string;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/** https://github.com/opencontainers/image-spec/blob/main/manifest.md */
export interface ImageManifest {
  readonly mediaType: string;
  readonly config: Descriptor;
}

/** What describes an image, without its layers. */
export interface DescribedImage {
  readonly config: ImageConfig;
  /** Undefined where the engine has none, or the image is of several platforms. */
  readonly manifest: ImageManifest | undefined;
}

/** Larger files are layers, bytes. */
const MAX_JSON = 4 * 1024 * 1024;

/**
 * What describes the only image in an archive in the form of `docker save`, which is read to its end.
 *
 * @throws Error when it is no such archive; what the archive fails with.
 */
export async function readImage(archive: AsyncIterable<Uint8Array>): Promise<DescribedImage> {
  const files = await smallFiles(new ByteReader(archive));
  const find = (name: string): unknown => {
    const text = files.get(name);
    return text === undefined ? undefined : JSON.parse(text);
  };
  const read = (name: string): unknown => {
    const found = find(name);
    if (found === undefined) throw new Error(`the image's archive has no ${name}`);
    return found;
  };
  const [image] = read('manifest.json') as readonly { readonly Config: string }[];
  const config = read(image?.Config ?? '') as ImageConfig;
  const index = find('index.json') as { readonly manifests?: readonly Descriptor[] } | undefined;
  const [own] = index?.manifests ?? [];
  const manifest = own && (find(blobOf(own.digest)) as Partial<ImageManifest> | undefined);
  return {
    config,
    manifest: own && manifest?.config ? { ...manifest, mediaType: own.mediaType, config: manifest.config } : undefined,
  };
}

/**
 * An archive that gives an image of an engine another configuration and a name. It has no layers: an engine with
 * containerd's image store has them already.
 *
 * @param name in full, as containerd has it.
 */
export function imageArchive(name: string, manifest: ImageManifest, config: ImageConfig): Buffer {
  const blobs = new Map<string, string>();
  const put = (text: string, mediaType: string): Descriptor => {
    const digest = digestOf(text);
    blobs.set(blobOf(digest), text);
    return { mediaType, digest, size: Buffer.byteLength(text) };
  };
  const renewed = { ...manifest, config: put(JSON.stringify(config), manifest.config.mediaType) };
  const own = { ...put(JSON.stringify(renewed), manifest.mediaType), annotations: { [IMAGE_NAME]: name } };
  const files = [
    ['oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' })] as const,
    ...blobs,
    ['index.json', JSON.stringify({ schemaVersion: 2, manifests: [own] })] as const,
  ];
  const entries = files.flatMap(([file, text]) => {
    const content = Buffer.from(text);
    const header = tarHeader({ name: file, size: content.byteLength, mode: 0o644 }, new Date(0));
    return [header, content, Buffer.alloc(padding(content.byteLength))];
  });
  return Buffer.concat([...entries, Buffer.alloc(2 * BLOCK)]);
}

/** What containerd calls an image in an archive. */
export const IMAGE_NAME = 'io.containerd.image.name';

/** `sha256:…` → where an image layout has it. */
export function blobOf(digest: string): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  if (hex === undefined) throw new Error(`${digest} is not a digest`);
  return `blobs/sha256/${hex}`;
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
