import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { Failure } from '../../../src/base';
import { Bundle, parseManifest, writeBundle, type BundleManifest } from '../../../src/bundle';
import { BLOCK, readTarHeader, tarHeader } from '../../../src/bundle/tar';
import { temporaryFolder } from '../project/temporary-repository';
import { babble, damaged, RUNS } from './support';

const MANIFEST: BundleManifest = {
  format: 1,
  vapp: '1.0.0',
  node: '20.0.0',
  os: 'linux',
  architecture: 'amd64',
  k3sImage: 'k3s:1',
  images: [{ name: 'a:1', id: 'sha256:a', purpose: 'app', app: 'a' }],
  tools: [{ name: 'k3d', version: '5.0.0' }],
};
const CODES = ['bundle-invalid', 'bundle-damaged', 'bundle-too-new', 'bundle-checksum-mismatch'];

function isOfBundle(error: unknown): true {
  assert.ok(error instanceof Failure && CODES.includes(error.code), String(error));
  return true;
}

/** A number as the header of an archive has it, or something else in its place. */
const field = fc.oneof(
  fc.nat().map((number) => Buffer.from(number.toString(8))),
  fc
    .constantFrom('-1000', '-777', '+7', '0x10', '7.5', '8', ' 17 ', '7a', '', '77777777777')
    .map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((number) => {
    const bytes = Buffer.from([0x80, ...Buffer.alloc(11)]);
    bytes.writeBigUInt64BE(number, 4);
    return bytes;
  }),
);
const SIZE_AT = 124;

/** A header that says what it is told to, with the right checksum. */
function header(name: string, size: Buffer): Buffer {
  const block = tarHeader({ name: 'x', size: 0, mode: 0o644 }, new Date(0));
  block.fill(0, 0, 100).write(name, 0, 99);
  block.fill(0, SIZE_AT, SIZE_AT + 12);
  size.copy(block, SIZE_AT, 0, 12);
  const sum = block.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

describe('fuzzing bundles', () => {
  let file: string;
  let whole: Buffer;

  beforeEach(async () => {
    file = join(await temporaryFolder(), 'bundle.tar');
    const images = (function* () {
      yield tarHeader({ name: 'index.json', size: 2, mode: 0o644 }, new Date(0));
      yield Buffer.concat([Buffer.from('{}'), Buffer.alloc(3 * BLOCK - 2)]);
    })();
    const source = { manifest: MANIFEST, files: [], images: () => Promise.resolve(images as never) };
    await writeBundle(file, source, { onProgress: () => undefined });
    whole = await readFile(file);
  });

  async function readAll(): Promise<void> {
    const bundle = await Bundle.open(file);
    try {
      await bundle.verify({ onProgress: () => undefined });
      for await (const chunk of bundle.read('images/images.tar')) assert.ok(chunk.length > 0);
      await bundle.readWithin('images/images.tar', 'index.json');
    } finally {
      await bundle.close();
    }
  }

  it('reads a bundle that is damaged anywhere, or says that it is', async () => {
    const damage = fc.record({ at: fc.nat(), put: fc.uint8Array({ maxLength: 8 }), without: fc.nat(600) });
    await readAll();
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), fc.boolean(), async (damages, inPlace) => {
        let bytes = Buffer.from(whole);
        for (const { at, put, without } of damages) {
          const from = at % bytes.length;
          const gone = inPlace ? put.length : without;
          bytes = Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + gone)]);
        }
        await writeFile(file, bytes);
        await readAll().catch(isOfBundle);
      }),
      RUNS,
    );
  });

  it('comes to an end with headers that say anything', async () => {
    const name = fc.constantFrom('bundle.json', 'SHA256SUMS', 'images/images.tar', '../x', '', '__proto__');
    const part = fc.tuple(name, field, fc.nat(3));
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 5 }), fc.boolean(), async (parts, withManifest) => {
        const blocks = parts.flatMap(([entry, size, content]) => [
          header(entry, size),
          Buffer.alloc(content * BLOCK, 'x'),
        ]);
        const first = withManifest ? whole.subarray(0, 3 * BLOCK) : Buffer.alloc(0);
        await writeFile(file, Buffer.concat([first, ...blocks, Buffer.alloc(2 * BLOCK)]));
        await readAll().catch(isOfBundle);
      }),
      RUNS,
    );
  });

  it('reads headers with sizes from 0 only', () => {
    fc.assert(
      fc.property(field, (size) => {
        try {
          const entry = readTarHeader(header('x', size));
          assert.ok(entry && Number.isInteger(entry.size) && entry.size >= 0);
        } catch (error) {
          assert.ok(error instanceof Error && error.message.includes('a header of the archive'));
        }
      }),
      RUNS,
    );
  });

  it('reads a manifest that is complete, or says what it is', () => {
    const original = JSON.stringify(MANIFEST);
    const words = ['{', '}', '[', ']', '"', ':', ',', 'null', '"app"', '"../.."', '"images"', '1', '1e400'];
    const changed = fc
      .tuple(fc.constantFrom(...Object.keys(MANIFEST), 'app', 'name', 'purpose'), fc.jsonValue())
      .map(([key, value]) => {
        const isOfImage = !(key in MANIFEST);
        const images = isOfImage ? [{ ...MANIFEST.images[0], [key]: value }] : MANIFEST.images;
        return JSON.stringify({ ...MANIFEST, images, ...(isOfImage ? {} : { [key]: value }) });
      });
    const text = fc.oneof(changed, damaged([original], words), babble(words), fc.json());
    fc.assert(
      fc.property(text, (content) => {
        try {
          const { images, tools, node = '' } = parseManifest(content, 'x');
          assert.equal(typeof node, 'string');
          for (const { name, id, app = 'a' } of images) {
            assert.ok(name !== '' && id !== '' && /^[a-z0-9-]+$/.test(app));
          }
          assert.ok(tools.every(({ version }) => version !== ''));
        } catch (error) {
          isOfBundle(error);
        }
      }),
      RUNS,
    );
  });
});
