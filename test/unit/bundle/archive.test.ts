import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { imageArchive, readImage } from '../../../src/bundle';
import { padding, readTarHeader, tarHeader } from '../../../src/bundle/tar';

const CONFIG = { rootfs: { diff_ids: ['sha256:a'] } };
const MANIFEST = [{ Config: 'blobs/sha256/c', Layers: ['blobs/sha256/l'] }];

describe("the archive of an engine's image", () => {
  it('tells the configuration of the image, wherever the stream is cut', async () => {
    const archive = archiveOf({
      'blobs/sha256/l': 'x'.repeat(5 * 1024 * 1024),
      'blobs/sha256/c': JSON.stringify(CONFIG),
      'manifest.json': JSON.stringify(MANIFEST),
    });
    for (const length of [archive.byteLength, 511, 513, 100_000]) {
      assert.deepEqual((await readImage(piecesOf(archive, length))).config, CONFIG);
    }
  });

  it('is read to its end', async () => {
    const archive = archiveOf({ 'manifest.json': JSON.stringify(MANIFEST), 'blobs/sha256/c': JSON.stringify(CONFIG) });
    let isOver = false;
    const source = async function* () {
      yield* piecesOf(archive, 1024);
      yield Buffer.alloc(10_240);
      isOver = true;
    };
    await readImage(source());
    assert.ok(isOver);
  });

  it('gives it another configuration, without its layers', async () => {
    const [manifestDigest, configDigest] = ['a', 'b'].map((digit) => digit.repeat(64));
    const oci = 'application/vnd.oci.image.manifest.v1+json';
    const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: `sha256:${configDigest}`, size: 1 };
    const archive = archiveOf({
      'index.json': JSON.stringify({ manifests: [{ mediaType: oci, digest: `sha256:${manifestDigest}`, size: 1 }] }),
      [`blobs/sha256/${manifestDigest}`]: JSON.stringify({
        schemaVersion: 2,
        config,
        layers: [{ digest: 'sha256:l' }],
      }),
      'manifest.json': JSON.stringify([{ Config: `blobs/sha256/${configDigest}` }]),
      [`blobs/sha256/${configDigest}`]: JSON.stringify({ ...CONFIG, os: 'linux' }),
    });
    const { manifest } = await readImage(piecesOf(archive, 1000));
    assert.ok(manifest);
    const renewed = { ...CONFIG, 'moby.buildkit.cache.v0': 'W10=' };
    const files = filesOf(imageArchive('docker.io/library/app:1', manifest, renewed));
    const { manifests } = JSON.parse(files.get('index.json') ?? '') as { manifests: [Described] };
    assert.deepEqual(manifests[0].annotations, { 'io.containerd.image.name': 'docker.io/library/app:1' });
    assert.equal(manifests[0].mediaType, oci);
    const text = blobIn(files, manifests[0]);
    const after = JSON.parse(text) as { config: Described; layers: unknown };
    assert.deepEqual(after.layers, [{ digest: 'sha256:l' }]);
    assert.equal(after.config.mediaType, config.mediaType);
    assert.deepEqual(JSON.parse(blobIn(files, after.config)), renewed);
    assert.equal(files.size, 4);
  });

  it('is of no manifest where there are several, or none', async () => {
    const archive = archiveOf({
      'index.json': JSON.stringify({ manifests: [{ mediaType: 'x', digest: `sha256:${'a'.repeat(64)}`, size: 1 }] }),
      [`blobs/sha256/${'a'.repeat(64)}`]: JSON.stringify({ manifests: [] }),
      'manifest.json': JSON.stringify(MANIFEST),
      'blobs/sha256/c': JSON.stringify(CONFIG),
    });
    assert.equal((await readImage(piecesOf(archive, 1000))).manifest, undefined);
  });

  it('is refused when it is none', async () => {
    await assert.rejects(readImage(piecesOf(archiveOf({ 'index.json': '{}' }), 100)), /has no manifest\.json/);
    const withoutConfig = archiveOf({ 'manifest.json': JSON.stringify(MANIFEST) });
    await assert.rejects(readImage(piecesOf(withoutConfig, 100)), /has no blobs\/sha256\/c/);
    await assert.rejects(readImage(piecesOf(Buffer.alloc(600, 7), 600)), /a header of the archive/);
    await assert.rejects(readImage(piecesOf(Buffer.alloc(0), 1)), /has no manifest\.json/);
  });
});

interface Described {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: object;
}

/** @throws AssertionError when it is not what its digest and size say. */
function blobIn(files: ReadonlyMap<string, string>, { digest, size }: Described): string {
  const text = files.get(`blobs/sha256/${digest.replace('sha256:', '')}`) ?? '';
  assert.equal(`sha256:${createHash('sha256').update(text).digest('hex')}`, digest);
  assert.equal(Buffer.byteLength(text), size);
  return text;
}

function filesOf(archive: Buffer): Map<string, string> {
  const files = new Map<string, string>();
  for (let at = 0; ;) {
    const entry = readTarHeader(archive.subarray(at, at + 512));
    if (!entry) return files;
    files.set(entry.name, archive.toString('utf8', at + 512, at + 512 + entry.size));
    at += 512 + entry.size + padding(entry.size);
  }
}

function archiveOf(files: Readonly<Record<string, string>>): Buffer {
  const parts = Object.entries(files).flatMap(([name, text]) => [
    tarHeader({ name, size: text.length, mode: 0o644 }, new Date(0)),
    Buffer.from(text),
    Buffer.alloc(padding(text.length)),
  ]);
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

async function* piecesOf(archive: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < archive.byteLength; at += length) {
    await Promise.resolve();
    yield archive.subarray(at, at + length);
  }
}
