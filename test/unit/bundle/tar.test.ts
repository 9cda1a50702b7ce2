import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BLOCK, padding, readTarHeader, tarHeader } from '../../../src/bundle/tar';

const name = fc.stringMatching(/^[a-z0-9._/-]{1,100}$/);
const now = new Date('2026-11-24T00:00:00Z');

describe('the archive of a bundle', () => {
  it('says of each file what it was told, also of huge ones', () => {
    fc.assert(
      fc.property(name, fc.integer({ min: 0, max: 2 ** 50 }), fc.constantFrom(0o644, 0o755), (file, size, mode) => {
        const entry = { name: file, size, mode };
        assert.deepEqual(readTarHeader(tarHeader(entry, now)), entry);
      }),
    );
  });

  it('notices a changed byte in front of a file', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 147 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const header = tarHeader({ name: 'tools/k3d', size: 1234, mode: 0o755 }, now);
        header.writeUInt8(header.readUInt8(at) ^ change, at);
        assert.throws(() => readTarHeader(header));
      }),
    );
  });

  it('has no sizes but numbers, and none below zero', () => {
    for (const text of ['-1000', '+7', '7.5', '0x10', '78']) {
      const header = tarHeader({ name: 'x', size: 0, mode: 0o644 }, now);
      header.fill(0, 124, 136).write(text, 124);
      const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
      header.write(sum.toString(8).padStart(6, '0'), 148);
      assert.throws(() => readTarHeader(header), /a number that is none/, text);
    }
  });

  it('ends with an empty block, and fills up the last block of each file', () => {
    assert.equal(readTarHeader(Buffer.alloc(BLOCK)), undefined);
    assert.deepEqual([0, 1, 511, 512, 513].map(padding), [0, 511, 1, 0, 511]);
  });

  it('takes no name that other programs would cut', () => {
    assert.throws(() => tarHeader({ name: 'x'.repeat(101), size: 0, mode: 0o644 }, now), /too long/);
  });
});
