import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';
import type { AddressInfo } from 'node:net';
import { onLoopback } from '../../../src/build/loopback';
import { imageFor, platformName, readManifest, refuseForeign } from '../../../src/build/manifest';
import { parseReference, pathOf } from '../../../src/build/reference';
import { hostOf } from '../../../src/build/reference';
import { sourceFailure, targetDetails } from '../../../src/build/registry-failures';
import { digestIn } from '../../../src/build/release';

const DIGEST = `sha256:${'0a'.repeat(32)}`;

describe('build: images in registries', () => {
  describe('a reference', () => {
    const parts: [string, string, object, string][] = [
      ['busybox', 'busybox', {}, 'docker.io'],
      ['owner/app:1.0', 'owner/app', { tag: '1.0' }, 'docker.io'],
      ['ghcr.io/o/r/app@' + DIGEST, 'o/r/app', { digest: DIGEST }, 'ghcr.io'],
      [`localhost:5000/a__b/c-d:x@${DIGEST}`, 'a__b/c-d', { tag: 'x', digest: DIGEST }, 'localhost:5000'],
      ['[::1]:5000/app', 'app', {}, '[::1]:5000'],
      ['Registry.example/app', 'app', {}, 'Registry.example'],
    ];
    for (const [reference, path, version, host] of parts) {
      it(`is read: ${reference}`, () => {
        const parsed = parseReference(reference);
        const { name, ...rest } = parsed;
        assert.deepEqual(rest, version);
        assert.ok(reference.startsWith(name));
        assert.equal(pathOf(parsed), path);
        assert.equal(hostOf(reference), host);
      });
    }

    for (const wrong of ['', 'not a name', 'ghcr.io/Owner/app', 'a:', 'a@sha256:12', 'https://ghcr.io/a', '-a', 'a/']) {
      it(`is refused: '${wrong}'`, () => {
        assert.throws(() => parseReference(wrong), { code: 'image-reference-invalid', fault: 'usage' });
      });
    }
  });

  describe('an index', () => {
    const entry = (digest: string, architecture: string, more: object = {}) => ({
      digest,
      platform: { os: 'linux', architecture },
      ...more,
    });
    const raw = JSON.stringify({
      manifests: [
        entry('sha256:1', 'amd64'),
        { digest: 'sha256:2', platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
        { digest: 'sha256:3', platform: { os: 'unknown', architecture: 'unknown' } },
        entry('sha256:4', 'amd64', { annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } }),
        { digest: 'sha256:5', platform: { os: 'linux', architecture: 'wasm' } },
      ],
    });

    it('has images by platform, and attestations that are none', () => {
      const { digest, images } = readManifest(raw);
      assert.equal(digest, `sha256:${createHash('sha256').update(raw).digest('hex')}`);
      assert.deepEqual(images, [
        { digest: 'sha256:1', platform: 'linux/amd64' },
        { digest: 'sha256:2', platform: 'linux/arm64' },
        { digest: 'sha256:5', platform: 'linux/wasm' },
      ]);
      assert.equal(readManifest('{"config":{}}').images, undefined, 'which is an image itself');
      assert.equal(platformName({ os: 'linux', architecture: 'arm' }), 'linux/arm/v7');
    });

    it('gives the image of a platform, or says which there are', () => {
      const { images = [] } = readManifest(raw);
      assert.equal(imageFor('a', images, 'linux/arm64').digest, 'sha256:2');
      assert.throws(() => imageFor('a', images, 'linux/arm/v7'), {
        code: 'image-platform-missing',
        summary: 'a has no image for linux/arm/v7, only for linux/amd64, linux/arm64, linux/wasm.',
      });
    });

    it('is refused where the nodes can run nothing of it', () => {
      const arm = [{ digest: 'sha256:2', platform: 'linux/arm/v7' }];
      refuseForeign('a', arm, 'linux/arm64');
      assert.throws(() => refuseForeign('a', arm, 'linux/amd64'), /no image for linux\/amd64/);
    });
  });

  describe('what a registry says', () => {
    const reading: [string, string][] = [
      ['ERROR: ghcr.io/a/b:1: not found', 'image-not-found'],
      [
        'ERROR: unexpected status from HEAD request to https://ghcr.io/v2/a/b/manifests/1: 403 Forbidden',
        'image-access-denied',
      ],
      ['ERROR: failed to authorize: failed to fetch anonymous token: 401 Unauthorized', 'image-access-denied'],
      ['ERROR: pull access denied, repository does not exist or may require authorization', 'image-access-denied'],
      ['ERROR: failed to do request: dial tcp: lookup nowhere.example: no such host', 'registry-unreachable'],
      ['ERROR: http: server gave HTTP response to HTTPS client', 'registry-unreachable'],
      ['ERROR: tls: x509: certificate signed by unknown authority', 'registry-unreachable'],
      ['ERROR: something else', 'image-unavailable'],
    ];
    for (const [message, code] of reading) {
      it(`while it is read: ${message} → ${code}`, () => {
        const failure = sourceFailure('ghcr.io/a/b:1', message);
        assert.equal(failure.code, code);
        assert.deepEqual(failure.evidence, [message]);
      });
    }

    const writing: [string, string][] = [
      ['unexpected status from POST request to https://ghcr.io/v2/a/blobs/uploads/: 403 Forbidden', 'push-denied'],
      ['failed to authorize: failed to fetch oauth token: denied: permission_denied: write_package', 'push-denied'],
      ['unexpected status from PUT request to https://x: 413 Request Entity Too Large', 'push-quota'],
      ['denied: adding 100 MiB will exceed the configured upper limit of the quota', 'push-quota'],
      ['unexpected status from PUT request to https://x: 429 Too Many Requests', 'push-quota'],
      ['failed to do request: dial tcp 127.0.0.1:5000: connect: connection refused', 'registry-unreachable'],
      ['unexpected status from PUT request to https://x: 500 Internal Server Error', 'push-failed'],
    ];
    for (const [message, code] of writing) {
      it(`while it is written: ${message} → ${code}`, () =>
        assert.equal(targetDetails('ghcr.io/a', message).code, code));
    }

    it('tells of the other localhost of a builder in a container', () => {
      const { nextSteps = [] } = targetDetails(
        'localhost:5000/a',
        'dial tcp 127.0.0.1:5000: connect: connection refused',
      );
      assert.match(nextSteps.join(), /network=host/);
    });
  });

  it('reads which digest was pushed', () => {
    assert.equal(digestIn(JSON.stringify({ 'containerimage.digest': DIGEST })), DIGEST);
    assert.throws(() => digestIn('{}'), /did not say/);
  });

  describe('a registry elsewhere', () => {
    it('has a name on loopback while it is worked with, and only then', async () => {
      const server = createServer((request, response) => response.end(request.headers.host)).listen(0);
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const own = Object.values(networkInterfaces())
        .flatMap((addresses) => addresses ?? [])
        .find(({ internal, family }) => !internal && family === 'IPv4');
      try {
        const near = await onLoopback(`${own?.address ?? '0.0.0.0'}:${port}`, async (address) => {
          assert.match(address, /^localhost:\d+$/);
          assert.equal(await (await fetch(`http://${address}/`)).text(), address);
          return address;
        });
        await assert.rejects(fetch(`http://${near}/`));
        assert.equal(await onLoopback('127.0.0.1:5000', (address) => Promise.resolve(address)), '127.0.0.1:5000');
      } finally {
        server.closeAllConnections();
        server.close();
      }
    });

    it('that is away ends the connection', async () => {
      await onLoopback('192.0.2.1.invalid:5000', async (address) => {
        await assert.rejects(fetch(`http://${address}/`));
      });
    });
  });
});
