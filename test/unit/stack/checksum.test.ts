import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Failure } from '../../../src/base';
import { checksumFor, verifyChecksum } from '../../stack/checksum';

const A = 'dbaa79a76ace7f4ca230a1ff41dc7d8a5036a8ad0309e9c54f9bf3836dbe853e';
const B = '0b5a5a5bd8ddb3ed4a5b6a5f2b3c9ad1c7a1f3be0c7b2d92f8a2a8b7b3d3b1aa';
const withCode = (code: string) => (error: Failure) => error.code === code;

describe('stack: checksums', () => {
  it('finds a file among several, as k3d and buildx publish them', () => {
    const text = `${B}  _dist/k3d-linux-arm64\n${A}  _dist/k3d-linux-amd64\n`;
    assert.equal(checksumFor('k3d-linux-amd64', text), A);
    assert.equal(checksumFor('buildx-v0.26.1.linux-amd64', `${A} *buildx-v0.26.1.linux-amd64\n`), A);
  });

  it('takes the one file of get.helm.sh, and the bare digest of dl.k8s.io', () => {
    assert.equal(checksumFor('helm.tar.gz', `${A}  helm.tar.gz\n`), A);
    assert.equal(checksumFor('kubectl', A), A);
    assert.equal(checksumFor('kubectl', `${A.toUpperCase()}\r\n`), A);
  });

  it('refuses a text that does not name the file', () => {
    for (const text of ['', '<html>not found</html>', `${A}  other\n`, `${A}\n${B}\n`]) {
      assert.throws(() => checksumFor('k3d-linux-amd64', text), withCode('checksum-missing'));
    }
  });

  it('accepts a file with the expected digest only', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vapp-checksum-'));
    try {
      const file = join(folder, 'file');
      await writeFile(file, 'abc');
      const digest = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
      await verifyChecksum(file, digest, 'https://example.org/file');
      await writeFile(file, 'abd');
      await assert.rejects(verifyChecksum(file, digest, 'https://example.org/file'), withCode('checksum-mismatch'));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
