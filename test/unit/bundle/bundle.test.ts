import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cancelled, Failure } from '../../../src/base';
import { Bundle, FORMAT, writeBundle, type BundleManifest } from '../../../src/bundle';

const manifest: BundleManifest = {
  format: FORMAT,
  vapp: '1.2.3',
  os: 'linux',
  architecture: 'amd64',
  k3sImage: 'rancher/k3s:v1',
  images: [{ name: 'python:3', id: 'sha256:1', purpose: 'base' }],
  tools: [{ name: 'k3d', version: '5.8.3' }],
};

const quiet = { onProgress: () => undefined };

describe('a bundle', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vapp-bundle-'));
    file = join(folder, 'b.tar');
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function save(
    images: AsyncIterable<Uint8Array>,
    more: { manifest?: BundleManifest; signal?: AbortSignal } = {},
  ) {
    const tool = join(folder, 'k3d');
    await writeFile(tool, 'a tool');
    try {
      return await writeBundle(
        file,
        {
          manifest: more.manifest ?? manifest,
          files: [{ name: 'tools/k3d', path: tool, executable: true }],
          images: () => Promise.resolve(images),
        },
        { ...quiet, signal: more.signal },
      );
    } finally {
      await rm(tool);
    }
  }

  /** Verifies it and answers the failure. */
  async function failure(): Promise<Failure> {
    try {
      const bundle = await Bundle.open(file);
      try {
        await bundle.verify(quiet);
      } finally {
        await bundle.close();
      }
    } catch (error) {
      assert.ok(error instanceof Failure, String(error));
      return error;
    }
    throw new Error('it was taken for sound');
  }

  it('gives back what was put into it', async () => {
    const size = await save(chunks('images ', 'of ', 'docker'));
    assert.equal(size, (await readFile(file)).byteLength);
    const bundle = await Bundle.open(file);
    assert.deepEqual(bundle.manifest, manifest);
    await bundle.verify(quiet);
    assert.equal(await text(bundle.read('images/images.tar')), 'images of docker');
    assert.equal(bundle.sizeOf('images/images.tar'), 'images of docker'.length);
    assert.equal(await text(bundle.read('tools/k3d')), 'a tool');
    assert.equal(bundle.sizeOf('tools/helm'), undefined);
    await bundle.close();
  });

  it('tells how far it is', async () => {
    await save(chunks('x'.repeat(1000)));
    const bundle = await Bundle.open(file);
    const told: string[] = [];
    await bundle.verify({ onProgress: (message) => told.push(message) });
    await bundle.close();
    assert.equal(told.at(-1), 'Checking 100 %');
    assert.equal(new Set(told).size, told.length);
  });

  it('is not there, and the one before is as it was, when its making fails or is cancelled', async () => {
    await writeFile(file, 'before');
    const broken = new Error('the engine went away');
    await assert.rejects(save(breaking(broken)), broken);
    const stop = new AbortController();
    await assert.rejects(save(aborting(stop), { signal: stop.signal }), Cancelled);
    assert.deepEqual(await readdir(folder), ['b.tar']);
    assert.equal(await readFile(file, 'utf8'), 'before');
  });

  it('cannot be made in a folder that is not there', async () => {
    const missing = join(folder, 'none', 'b.tar');
    const source = { manifest, files: [], images: () => Promise.resolve(chunks('')) };
    await assert.rejects(writeBundle(missing, source, quiet), { code: 'bundle-not-writable' });
  });

  it('is damaged when a byte has changed, wherever that is', async () => {
    await save(chunks('images'));
    const sound = await readFile(file);
    const found = new Set<string>();
    // Beyond the padding of each block: nobody reads that.
    for (const [what, word] of [
      ['bundle-checksum-mismatch', 'images\0'],
      ['bundle-checksum-mismatch', 'a tool'],
      ['bundle-checksum-mismatch', '5.8.3'],
      ['bundle-damaged', 'tools/k3d\0'],
    ] as const) {
      const changed = Buffer.from(sound);
      const at = changed.indexOf(word);
      assert.ok(at > 0, word);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      await writeFile(file, changed);
      assert.equal((await failure()).code, what, word);
      found.add(what);
    }
    assert.equal(found.size, 2);
  });

  it('is damaged when its end is missing', async () => {
    await save(chunks('x'.repeat(5000)));
    const { byteLength } = await readFile(file);
    for (const length of [byteLength - 1500, Math.floor(byteLength / 2), 2000]) {
      await truncate(file, length);
      assert.equal((await failure()).code, 'bundle-damaged', `cut to ${length}`);
    }
  });

  it('is something else when it does not begin like one', async () => {
    for (const content of ['', 'text', 'x'.repeat(2000), Buffer.alloc(2048)]) {
      await writeFile(file, content);
      assert.equal((await failure()).code, 'bundle-invalid');
    }
    await rm(file);
    assert.equal((await failure()).code, 'bundle-missing');
  });

  it('of a newer format says which vapp reads it', async () => {
    await save(chunks(''), { manifest: { ...manifest, format: FORMAT + 1, vapp: '9.0.0' } });
    const { code, nextSteps } = await failure();
    assert.equal(code, 'bundle-too-new');
    assert.match(nextSteps.join(), /9\.0\.0/);
  });
});

async function* chunks(...parts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(await Promise.resolve(part));
}

async function* breaking(error: Error): AsyncGenerator<Uint8Array> {
  yield Buffer.from(await Promise.resolve('begun'));
  throw error;
}

async function* aborting(stop: AbortController): AsyncGenerator<Uint8Array> {
  yield Buffer.from(await Promise.resolve('begun'));
  stop.abort();
  yield Buffer.from('and gone on');
}

async function text(content: AsyncIterable<Buffer>): Promise<string> {
  let whole = '';
  for await (const chunk of content) whole += chunk.toString('utf8');
  return whole;
}
