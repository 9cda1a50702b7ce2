import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Failure } from '../../../src/base';
import type { BuildRequest } from '../../../src/build';
import { buildFailure } from '../../../src/build/failures';
import { readSolveError } from '../../../src/build/solve-error';
import { temporaryFolder, writeFiles, type Files } from '../project/temporary-repository';
import { fixture, fixturePath, replay } from './support';

const UNKNOWN_OFFICIAL = (image: string) =>
  `failed to resolve source metadata for docker.io/library/${image}: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`;

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

  it('a builder that was chosen, and is not there, does not answer or goes away', async () => {
    const range = { file: '/repo/vapp.yaml', start: { line: 2, column: 12 }, end: { line: 2, column: 30 } };
    const builder = { name: 'vapp-1', setting: 'tcp://buildkit:1234', env: {}, range };
    const of = (message: string, more: Partial<Parameters<typeof buildFailure>[0]> = {}) =>
      meaningOf(message, { request: { ...request, builder }, ...more });
    const connecting = { name: '[internal] waiting for connection', output: [] };
    const gone = 'rpc error: code = Unavailable desc = error reading from server: EOF';
    for (const [failure, code] of [
      [await of('no builder "vapp-1" found', { started: false }), 'builder-missing'],
      [await of('context deadline exceeded', { failed: connecting }), 'builder-unreachable'],
      [await of(gone, { started: false }), 'builder-unreachable'],
      [await of(gone), 'builder-lost'],
    ] as const) {
      assert.equal(failure.code, code);
      assert.equal(failure.fault, 'environment');
      assert.ok(failure.summary.includes('tcp://buildkit:1234'), failure.summary);
      assert.deepEqual(failure.range, range);
    }
    assert.equal((await meaningOf(gone)).code, 'docker-lost');
  });

  it('a source that is not there', async () => {
    const failure = await failureOf('missing-source.rawjson');
    assert.equal(failure.code, 'copy-source-missing');
    assert.equal(failure.summary, 'requirements.txt does not exist in the build context /nowhere.');
    assert.equal(failure.range?.start.line, 2);
  });

  /** What is said of `COPY path` in a context with these files. */
  async function missing(path: string, files: Files): Promise<Failure> {
    const context = await temporaryFolder();
    await writeFiles(context, files);
    const message = `failed to compute cache key: failed to calculate checksum of ref x::y: "/${path}": not found`;
    return meaningOf(message, { request: { ...request, context } });
  }

  it('a source that is there, but ignored, and the line that does it', async () => {
    const dockerignore = '# private\n*.txt\n**/secrets\n!b.txt\n';
    const failure = await missing('secret.txt', { 'secret.txt': '', '.dockerignore': dockerignore });
    assert.equal(failure.summary, 'secret.txt is in the build context, but excluded by .dockerignore.');
    assert.match(failure.nextSteps[0] ?? '', /!secret\.txt/);
    assert.equal(failure.related[0]?.range.start.line, 2);
    const inside = await missing('app/secrets/a.pem', { 'app/secrets/a.pem': '', '.dockerignore': dockerignore });
    assert.equal(inside.related[0]?.range.start.line, 3);
  });

  it('a source whose name is a typo, or that is elsewhere', async () => {
    const typo = await missing('app/requirments.txt', { 'app/requirements.txt': '' });
    assert.equal(typo.nextSteps[0], 'Did you mean app/requirements.txt?');
    const elsewhere = await missing('requirements.txt', { 'app/requirements.txt': '', 'b/c/requirements.txt': '' });
    assert.equal(elsewhere.nextSteps[0], 'Did you mean app/requirements.txt, or b/c/requirements.txt?');
    assert.match((await missing('nothing.txt', { 'a.py': '' })).nextSteps[0] ?? '', /count from the build context/);
  });

  it('a source that another stage does not have', async () => {
    const message = 'failed to calculate checksum of ref x::y: "/a": not found';
    const failure = await meaningOf(message, { failed: { name: '[2/2] COPY --from=build /a /b', output: [] } });
    assert.match(failure.summary, /^\/a does not exist in build,/);
  });

  it('a source that is found missing while it is copied', async () => {
    const message = 'lstat /var/lib/docker/tmp/buildkit-mount1031739674/etc/nope/x: no such file or directory';
    const failure = await meaningOf(message, { failed: { name: '[2/2] COPY --from=a /etc/nope/x /y/', output: [] } });
    assert.deepEqual([failure.code, failure.fault], ['copy-source-missing', 'app']);
    assert.match(failure.summary, /^\/etc\/nope\/x does not exist in a,/);
    const folder = 'lstat /var/lib/docker/tmp/buildkit-mount1/app: no such file or directory';
    const inFolder = await meaningOf(folder, { failed: { name: '[2/2] COPY --link b app/x.txt /', output: [] } });
    assert.match(inFolder.summary, /^app\/x\.txt does not exist in the build context/);
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
      'base-image-unknown',
      'app',
    ],
    ['a name that no official image has', `x: ${UNKNOWN_OFFICIAL('x:latest')}`, 'base-image-unknown', 'app'],
    [
      'an image that wants a login',
      'ghcr.io/team/x: failed to resolve source metadata for ghcr.io/team/x:latest: failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token?scope=repository%3Ateam%2Fx%3Apull&service=ghcr.io: 403 Forbidden',
      'base-image-denied',
      'environment',
    ],
    [
      'a registry that hands out no more for now',
      'x: failed to resolve source metadata for docker.io/library/node:22: failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/node/manifests/sha256:a: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.',
      'base-image-unavailable',
      'environment',
    ],
    [
      'an image without the platform',
      'busybox: failed to resolve source metadata for docker.io/library/busybox:latest: no match for platform in manifest: not found',
      'base-image-platform',
      'app',
    ],
    ['an argument without a value', 'base name ($BASE) should not be blank', 'build-arg-missing', 'app'],
    [
      'an argument that leaves the tag empty',
      'failed to parse stage name "busybox:": invalid reference format',
      'build-arg-missing',
      'app',
    ],
    ['a secret', 'secret tok: not found', 'build-secret-missing', 'app'],
    [
      'a layer that the engine has lost',
      'failed to prepare extraction snapshot "extract-1 sha256:ab": parent snapshot sha256:cd does not exist: not found',
      'build-cache-lost',
      'environment',
    ],
    [
      'a layer that the engine looks for in vain',
      'failed to get stat for snapshot 7xk2: snapshot 7xk2: not found',
      'build-cache-lost',
      'environment',
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

  it('a program of another platform, which the Dockerfile asks for itself', async () => {
    const context = await temporaryFolder();
    const dockerfile = join(context, 'Dockerfile');
    const failed = { name: '[2/2] RUN true', output: ['exec /bin/sh: exec format error'] };
    const message = 'process "/bin/sh -c true" did not complete successfully: exit code: 255';
    const codeOf = async (from: string) => {
      await writeFile(dockerfile, from);
      return (await meaningOf(message, { failed, request: { ...request, dockerfile } })).code;
    };
    assert.equal(await codeOf('FROM --platform=linux/s390x busybox\n'), 'platform-unsupported');
    assert.equal(await codeOf('FROM --platform=$BUILDPLATFORM busybox\n'), 'build-failed');
  });

  it('the official image that may be meant', async () => {
    const failure = await meaningOf(`pythn: ${UNKNOWN_OFFICIAL('pythn:3.11')}`);
    assert.equal(failure.summary, "There is no image pythn among Docker's official ones.");
    assert.equal(failure.nextSteps[0], 'Did you mean python?');
    const other = await meaningOf(`x: ${UNKNOWN_OFFICIAL('vehicleapp-base:1')}`);
    assert.ok(!other.nextSteps.some((step) => step.startsWith('Did you mean')));
  });

  const fetching: [string, string, string, RegExp, RegExp][] = [
    [
      'npm, of a name',
      'RUN npm ci',
      'npm error network request to https://nope.invalid/left-pad failed, reason: getaddrinfo ENOTFOUND nope.invalid',
      /the name nope\.invalid is not known\.$/,
      /HTTPS_PROXY/,
    ],
    [
      'wget, of a port where nothing is',
      'RUN wget -q http://127.0.0.1:1/x',
      "wget: can't connect to remote host (127.0.0.1): Connection refused",
      /refuses the connection\.$/,
      /HTTPS_PROXY/,
    ],
    [
      'apt, of a name',
      'RUN apt-get update && apt-get install -y x',
      "W: Failed to fetch http://nope.invalid/debian/dists/bookworm/InRelease  Could not resolve 'nope.invalid'",
      /the name nope\.invalid is not known\.$/,
      /HTTPS_PROXY/,
    ],
    [
      'go, of a name',
      'RUN go mod download',
      'go: module example.org/x: Get "https://nope.invalid/example.org/x/@v/list": dial tcp: lookup nope.invalid on 10.0.0.1:53: no such host',
      /the name nope\.invalid is not known\.$/,
      /HTTPS_PROXY/,
    ],
    [
      'pip, of a certificate',
      'RUN pip install x',
      "WARNING: Retrying (Retry(total=4, connect=None)) after connection broken by 'SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain (_ssl.c:992)'))': /simple/x/",
      /certificate of the server is not trusted\.$/,
      /PIP_CERT/,
    ],
    [
      'curl, of a proxy that wants a login',
      'RUN curl -fsS https://example.org',
      'curl: (56) CONNECT tunnel failed, response 407',
      /the proxy wants a login\.$/,
      /USER:PASSWORD/,
    ],
  ];
  for (const [what, command, line, summary, advice] of fetching) {
    it(`a command that could not fetch: ${what}`, async () => {
      const failure = await meaningOf('process "x" did not complete successfully: exit code: 1', {
        failed: { name: `[2/2] ${command}`, output: [line] },
      });
      assert.deepEqual([failure.code, failure.fault], ['network', 'environment']);
      assert.match(failure.summary, summary);
      assert.match(failure.nextSteps.join(' '), advice);
    });
  }

  it('a command that does not fetch, and speaks of the network all the same', async () => {
    const failure = await meaningOf('process "pytest" did not complete successfully: exit code: 1', {
      failed: { name: '[2/2] RUN python -m pytest', output: ['ConnectionError: Temporary failure in name resolution'] },
    });
    assert.equal(failure.code, 'build-failed');
    assert.match(failure.nextSteps[0] ?? '', /no network/);
  });

  it('a full disk: how much is free, and what can go', async () => {
    const message = 'write /var/lib/x: no space left on device';
    const facts = (freeDisk: number) => () => Promise.resolve({ freeDisk, unusedCache: 3.2e9 });
    const full = await meaningOf(message, { facts: facts(4e7) });
    assert.equal(full.summary, 'The disk of the Docker engine is full: 0.0 GB are free.');
    assert.match(full.nextSteps[0] ?? '', /docker builder prune.* 3\.2 GB of them now/);
    const elsewhere = await meaningOf(message, { facts: facts(5e10) });
    assert.equal(elsewhere.code, 'no-space');
    assert.match(elsewhere.summary, /though 50\.0 GB are free/);
  });

  it('a command that was killed, and how much memory there is', async () => {
    const facts = () => Promise.resolve({ memory: 8e9 });
    const killed = { name: '[2/2] RUN make -j', output: [] };
    const message = (code: number) => `process "make -j" did not complete successfully: exit code: ${code}`;
    const failure = await meaningOf(message(137), { failed: killed, facts });
    assert.deepEqual([failure.code, failure.fault], ['build-out-of-memory', 'environment']);
    assert.match(failure.summary, /RUN make -j was killed .* memory ran out: the engine has 8\.0 GB/);
    const compiler = { ...killed, output: ['g++: fatal error: Killed signal terminated program cc1plus'] };
    assert.equal((await meaningOf(message(1), { failed: compiler })).code, 'build-out-of-memory');
    const heap = 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory';
    const node = await meaningOf(message(134), { failed: { ...killed, output: [heap] }, facts });
    assert.deepEqual([node.code, node.fault], ['build-out-of-memory', 'app']);
    assert.match(node.nextSteps[0] ?? '', /max-old-space-size/);
  });

  it('a very long command leaves room for the rest of the sentence', async () => {
    const failure = await meaningOf('process "x" did not complete successfully: exit code: 1', {
      failed: { name: `[2/2] RUN ${'x'.repeat(500)}`, output: [] },
    });
    assert.ok(failure.summary.length < 150);
    assert.match(failure.summary, /… failed with exit code 1\.$/);
  });
});
