import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Failure } from '../../../src/base';
import type { BuildRequest } from '../../../src/build';
import { buildFailure } from '../../../src/build/failures';
import { readSolveError } from '../../../src/build/solve-error';
import { fixture, fixturePath, replay } from './support';

describe('build: what a failed build means', () => {
  const request: BuildRequest = {
    dockerfile: fixturePath('failing-run.Dockerfile'),
    context: '/nowhere',
    buildArgs: {},
    platforms: [],
    tags: ['a:local'],
  };

  async function failureOf(name: string): Promise<Failure> {
    const { tracker, text } = await replay(fixture(name));
    const { message, lines } = readSolveError(text);
    const { failed, started } = tracker;
    const step = failed && { name: failed.step.name, output: failed.output };
    return buildFailure({ request, message, lines, failed: step, started });
  }

  const meaningOf = (message: string, more: Partial<Parameters<typeof buildFailure>[0]> = {}) =>
    buildFailure({ request, message, started: true, ...more });

  it('a command that fails: its lines, its exit code, the end of its output', async () => {
    const failure = await failureOf('failing-run.rawjson');
    assert.equal(failure.code, 'build-failed');
    assert.equal(failure.fault, 'app');
    assert.match(failure.summary, /^\[2\/2\] RUN echo before .* failed with exit code 3\.$/);
    assert.deepEqual(failure.range?.start, { line: 4, column: 1 });
    assert.deepEqual(failure.range.end, { line: 6, column: 11 });
    assert.deepEqual(failure.evidence.slice(0, 2), ['before', '***']);
  });

  it('a source that is not there', async () => {
    const failure = await failureOf('missing-source.rawjson');
    assert.equal(failure.code, 'copy-source-missing');
    assert.equal(failure.summary, 'requirements.txt does not exist in the build context /nowhere.');
    assert.equal(failure.range?.start.line, 2);
  });

  it('a source that is there, but ignored', async () => {
    const context = await mkdtemp(join(tmpdir(), 'vapp-ignored-'));
    try {
      await writeFile(join(context, 'secret.txt'), '');
      const message = 'failed to compute cache key: failed to calculate checksum of ref x::y: "/secret.txt": not found';
      const failure = await meaningOf(message, { request: { ...request, context } });
      assert.equal(failure.summary, 'secret.txt is in the build context, but excluded by .dockerignore.');
      assert.match(failure.nextSteps[0] ?? '', /!secret\.txt/);
    } finally {
      await rm(context, { recursive: true });
    }
  });

  it('a source that another stage does not have', async () => {
    const message = 'failed to calculate checksum of ref x::y: "/a": not found';
    const failure = await meaningOf(message, { failed: { name: '[2/2] COPY --from=build /a /b', output: [] } });
    assert.match(failure.summary, /^\/a does not exist in build,/);
  });

  it('a Dockerfile that cannot be read', async () => {
    const failure = await failureOf('syntax-error.rawjson');
    assert.equal(failure.code, 'dockerfile-invalid');
    assert.equal(failure.fault, 'app');
    assert.equal(failure.summary, 'The Dockerfile is not valid: unknown instruction: RUNN (did you mean RUN?)');
    assert.equal(failure.range?.start.line, 2);
  });

  it('a base image whose registry cannot be reached', async () => {
    const failure = await failureOf('unknown-base.rawjson');
    assert.equal(failure.code, 'base-image-unavailable');
    assert.equal(failure.fault, 'environment');
    assert.match(failure.summary, /^The image localhost:1\/team\/base:1\.0 is not on this machine/);
    assert.equal(failure.range?.start.line, 2);
  });

  const messages: [string, string, string, string][] = [
    [
      'an image that nobody knows',
      'pythn:3: failed to resolve source metadata for docker.io/library/pythn:3: docker.io/library/pythn:3: not found',
      'base-image-unavailable',
      'app',
    ],
    [
      'an image that wants a login',
      'x: failed to resolve source metadata for docker.io/library/x:latest: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
      'base-image-unavailable',
      'app',
    ],
    [
      'an image without the platform',
      'busybox: failed to resolve source metadata for docker.io/library/busybox:latest: no match for platform in manifest: not found',
      'base-image-unavailable',
      'app',
    ],
    [
      'an engine that stops in the middle',
      'failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF',
      'docker-lost',
      'environment',
    ],
    ['a full disk', 'write /var/lib/x: no space left on device', 'no-space', 'environment'],
    [
      'several platforms without the image store for them',
      'Multi-platform build is not supported for the docker driver.',
      'platform-unsupported',
      'environment',
    ],
    ['an unknown stage', 'target stage "nope" could not be found', 'target-missing', 'app'],
    ['an empty Dockerfile', 'the Dockerfile cannot be empty', 'dockerfile-invalid', 'app'],
    ['a missing context', 'unable to prepare context: path "/nowhere" not found', 'context-missing', 'app'],
    ['an unreadable file', 'error from sender: open /repo/private: permission denied', 'context-unreadable', 'app'],
    [
      'a download that fails',
      'failed to load cache key: Get "https://example.org/a": dial tcp: lookup example.org: no such host',
      'network',
      'environment',
    ],
    ['anything else', 'something new', 'build-failed', 'app'],
  ];
  for (const [what, message, code, fault] of messages) {
    it(what, async () => {
      const failure = await meaningOf(message);
      assert.deepEqual([failure.code, failure.fault], [code, fault], failure.summary);
      assert.ok(failure.evidence.includes(message));
    });
  }

  it('an engine that was not there from the start', async () => {
    const message = 'Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?';
    const failure = await meaningOf(message, { started: false });
    assert.equal(failure.code, 'docker-not-running');
  });

  it('no Dockerfile at all', async () => {
    const dockerfile = '/nowhere/Dockerfile';
    const failure = await meaningOf('failed to read dockerfile: open Dockerfile: no such file or directory', {
      request: { ...request, dockerfile },
    });
    assert.equal(failure.code, 'dockerfile-missing');
    assert.equal(failure.range?.file, dockerfile);
  });

  it('a program of another platform: emulation is missing, or the app is wrong', async () => {
    const failed = { name: '[2/2] RUN /app', output: ['exec /app: exec format error'] };
    const message = 'process "/app" did not complete successfully: exit code: 1';
    const foreign = await meaningOf(message, { failed, request: { ...request, platforms: ['linux/arm64'] } });
    assert.deepEqual([foreign.code, foreign.fault], ['platform-unsupported', 'environment']);
    const own = await meaningOf(message, { failed });
    assert.deepEqual([own.code, own.fault], ['build-failed', 'app']);
  });

  it('a command that failed for want of network', async () => {
    const failure = await meaningOf('process "pip" did not complete successfully: exit code: 1', {
      failed: { name: '[2/2] RUN pip install x', output: ['Temporary failure in name resolution'] },
    });
    assert.equal(failure.code, 'build-failed');
    assert.match(failure.nextSteps[0] ?? '', /no network/);
  });

  it('a very long command leaves room for the rest of the sentence', async () => {
    const failure = await meaningOf('process "x" did not complete successfully: exit code: 1', {
      failed: { name: `[2/2] RUN ${'x'.repeat(500)}`, output: [] },
    });
    assert.ok(failure.summary.length < 150);
    assert.match(failure.summary, /… failed with exit code 1\.$/);
  });
});
