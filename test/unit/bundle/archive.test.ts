import assert from 'node:assert/strict';
import { imageConfig } from '../../../src/bundle';
import { padding, tarHeader } from '../../../src/bundle/tar';

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
      assert.deepEqual(await imageConfig(piecesOf(archive, length)), CONFIG);
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
    await imageConfig(source());
    assert.ok(isOver);
  });

  it('is refused when it is none', async () => {
    await assert.rejects(imageConfig(piecesOf(archiveOf({ 'index.json': '{}' }), 100)), /has no manifest\.json/);
    const withoutConfig = archiveOf({ 'manifest.json': JSON.stringify(MANIFEST) });
    await assert.rejects(imageConfig(piecesOf(withoutConfig, 100)), /has no blobs\/sha256\/c/);
    await assert.rejects(imageConfig(piecesOf(Buffer.alloc(600, 7), 600)), /a header of the archive/);
    await assert.rejects(imageConfig(piecesOf(Buffer.alloc(0), 1)), /has no manifest\.json/);
  });
});

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
