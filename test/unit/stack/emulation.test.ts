import assert from 'node:assert/strict';
import { emulates, registration, type ProgramFormat } from '../../stack/emulation';

const ARM64: ProgramFormat = {
  qemu: 'aarch64',
  platform: 'linux/arm64',
  foreignTo: 'amd64',
  magic: '7f454c460201010000000000000000000200b700',
  mask: 'ffffffffffffff00fffffffffffffffffeffffff',
};

/** As the kernel shows a registration. */
const entry = ({ state = 'enabled', flags = 'POCF', magic = ARM64.magic } = {}) =>
  `${state}\ninterpreter /usr/bin/qemu-aarch64\nflags: ${flags}\noffset 0\nmagic ${magic}\nmask ${ARM64.mask}\n`;

describe('emulation', () => {
  it('registers an interpreter by the header of its programs, and opens it at once', () => {
    assert.equal(
      registration(ARM64, '/cache/qemu-aarch64-static'),
      String.raw`:vapp-qemu-aarch64:M::\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00` +
        String.raw`:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff` +
        ':/cache/qemu-aarch64-static:OCF',
    );
  });

  it('takes what is registered already only when it works in containers as well', () => {
    assert.ok(emulates(entry(), ARM64));
    assert.ok(!emulates(entry({ flags: 'OC' }), ARM64));
    assert.ok(!emulates(entry({ state: 'disabled' }), ARM64));
    assert.ok(!emulates(entry({ magic: '7f454c4601010100000000000000000002002800' }), ARM64));
  });
});
