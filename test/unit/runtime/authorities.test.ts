import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { readAuthorities } from '../../../src/runtime/authorities';

describe('the certificate authorities of a machine', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vapp-ca-'));
    file = join(folder, 'ca.pem');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const [first = '', second = ''] = rootCertificates;

  it('are the certificates of the file and nothing else in it', async () => {
    const key = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n';
    await writeFile(file, `subject=$HOME\n${first}\r\n${key}# second\n${second}`);
    const read = (await readAuthorities(file)).match(/-----BEGIN[^]+?-----END .*\n/g) ?? [];
    const fingerprints = (texts: readonly string[]) => texts.map((text) => new X509Certificate(text).fingerprint256);
    assert.deepEqual(fingerprints(read), fingerprints([first, second]));
  });

  for (const [what, content] of [
    ['nothing', ''],
    ['no certificate', 'hello'],
    ['a damaged one', first.replace(/\n.{40}/, `\n${'x'.repeat(40)}`)],
  ] as const) {
    it(`are a failure that names the file: ${what}`, async () => {
      await writeFile(file, content);
      await assert.rejects(readAuthorities(file), { code: 'ca-certificate-invalid', fault: 'environment' });
    });
  }

  it('are a failure when there is no file', async () => {
    await assert.rejects(readAuthorities(file), { code: 'ca-certificate-invalid', message: /ca\.pem/ });
  });
});
