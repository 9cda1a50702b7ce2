import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import Docker from 'dockerode';
import type { BuildEvent } from '../../../src/build';
import { pullFailure, pushFailure } from '../../../src/build/image-failures';
import { withTag } from '../../../src/build/local-image';
import { digestOf } from '../../../src/build/push';
import { followTransfer } from '../../../src/build/transfer';

const DIGEST = `sha256:${'0a'.repeat(32)}`;

describe('build: transfers of images', () => {
  const follow = (lines: readonly object[], events: BuildEvent[] = []) =>
    followTransfer(
      new Docker(),
      Readable.from(lines.map((line) => `${JSON.stringify(line)}\r\n`)),
      'an/image:1',
      (event) => events.push(event),
    );

  it('bytes become events', async () => {
    const events: BuildEvent[] = [];
    await follow(
      [
        { status: 'The push refers to repository [x]' },
        { status: 'Pushing', id: 'abc', progressDetail: { current: 5, total: 10 } },
        { status: 'Pushed', id: 'abc', progressDetail: {} },
        { status: 'Pushing', id: 'def', progressDetail: { current: 7 } },
      ],
      events,
    );
    assert.deepEqual(events, [
      { type: 'transfer', stepId: 'an/image:1', name: 'abc', current: 5, total: 10 },
      { type: 'transfer', stepId: 'an/image:1', name: 'def', current: 7, total: 0 },
    ]);
  });

  it('a refusal in the middle of the stream is an error', async () => {
    await assert.rejects(follow([{ status: 'x' }, { error: 'denied', errorDetail: { message: 'denied' } }]), /denied/);
  });

  it('the digest is in the aux message, or in the last status', async () => {
    assert.equal(digestOf(await follow([{ aux: { Tag: 'local', Digest: DIGEST, Size: 1 } }])), DIGEST);
    assert.equal(digestOf(await follow([{ status: `local: digest: ${DIGEST} size: 527` }])), DIGEST);
    // What engines say since 27 when only one platform of many is there.
    const selected = { aux: { manifestPushedInsteadOfIndex: true, selectedManifest: { digest: DIGEST } } };
    assert.equal(digestOf(await follow([selected, { status: `local: digest: ${DIGEST} size: 9` }])), DIGEST);
    assert.throws(() => digestOf([]), /by which digest/);
  });
});

describe('build: names of images', () => {
  for (const [written, expected] of [
    ['busybox', 'busybox:latest'],
    ['busybox:1', 'busybox:1'],
    ['localhost:5000/a/b', 'localhost:5000/a/b:latest'],
    ['localhost:5000/a/b:1', 'localhost:5000/a/b:1'],
    [`a@${DIGEST}`, `a@${DIGEST}`],
  ] as const) {
    it(written, () => assert.equal(withTag(written), expected));
  }
});

describe('build: why an image is unavailable', () => {
  const engineSays = (text: string) => pullFailure('an/image:1', new Error(`(HTTP code 500) server error - ${text}`));

  for (const [what, text, expected] of [
    ['the network', 'Head "https://r/v2/": dial tcp: lookup r: no such host', /its registry cannot be reached/],
    ['access', 'pull access denied for an/image, repository does not exist', /it does not exist, or .* login/],
    ['the name', 'manifest for an/image:1 not found: manifest unknown', /does not know this name or tag/],
  ] as const) {
    it(what, () => {
      const failure = engineSays(text);
      assert.equal(failure.code, 'image-unavailable');
      assert.equal(failure.fault, 'environment');
      assert.match(failure.summary, /an\/image:1/);
      assert.match(failure.summary, expected);
    });
  }

  it('the disk', () => assert.equal(engineSays('write /x: no space left on device').code, 'no-space'));

  it('the engine', () => {
    const error = Object.assign(new Error('connect ENOENT /x.sock'), { code: 'ENOENT' });
    assert.equal(pullFailure('a', error).code, 'docker-not-running');
    assert.equal(pushFailure('a', error).code, 'docker-not-running');
  });

  it('a push says where to', () => {
    const failure = pushFailure('localhost:5000/a', new Error('blob unknown'));
    assert.equal(failure.code, 'push-failed');
    assert.match(failure.summary, /to localhost:5000\/a: blob unknown/);
  });

  it('a push of an image that was pulled for one platform of many', () => {
    const failure = pushFailure('localhost:5000/a', new Error('missing content: content digest sha256:0: not found'));
    assert.match(failure.summary, /of several platforms/);
    assert.match(failure.nextSteps[0] ?? '', /Docker to 27/);
  });
});
