import assert from 'node:assert/strict';
import { baseImagesOf } from '../../../src/build/base-images';

const platform = { os: 'linux', architecture: 'arm64' };

function of(lines: readonly string[], more: { target?: string; buildArgs?: Record<string, string> } = {}) {
  return baseImagesOf(lines.join('\n'), { buildArgs: {}, platform, ...more });
}

describe('the images that a Dockerfile builds upon', () => {
  it('are those of FROM, not the stages before and not scratch', async () => {
    const images = await of([
      'FROM golang:1.25 AS Build',
      'FROM build AS more',
      'FROM scratch',
      'COPY --from=more /a /a',
    ]);
    assert.deepEqual(images, ['golang:1.25']);
  });

  it('are named by the defaults of ARG, and by what was given instead', async () => {
    const lines = ['ARG VERSION=3.11', 'ARG BASE="python:${VERSION}-slim"', 'FROM --platform=$BUILDPLATFORM ${BASE}'];
    assert.deepEqual(await of(lines), ['python:3.11-slim']);
    assert.deepEqual(await of(lines, { buildArgs: { VERSION: '3.12' } }), ['python:3.12-slim']);
    assert.deepEqual(await of(lines, { buildArgs: { OTHER: '1' } }), ['python:3.11-slim']);
  });

  it('may be chosen by the platform and by operators', async () => {
    const lines = ['ARG FLAVOUR', 'FROM base/$TARGETARCH:${FLAVOUR:-plain}${FLAVOUR:+-set}'];
    assert.deepEqual(await of(lines), ['base/arm64:plain']);
    assert.deepEqual(await of(lines, { buildArgs: { FLAVOUR: 'x' } }), ['base/arm64:x-set']);
  });

  it('are those that the target needs', async () => {
    const lines = ['FROM a AS one', 'FROM b AS two', 'COPY --from=one / /', 'FROM c AS three', 'FROM d'];
    assert.deepEqual(await of(lines, { target: 'Two' }), ['b', 'a']);
    assert.deepEqual(await of(lines), ['d']);
  });

  it('include those that are only copied from or mounted, and the syntax', async () => {
    const images = await of([
      '# syntax=docker/dockerfile:1.7',
      'FROM a AS first',
      'FROM a',
      'COPY --chown=1 --from=busybox:1 /bin/busybox /bin/',
      'COPY --from=0 /x /x',
      'RUN --mount=type=bind,from=ghcr.io/astral-sh/uv:0.5,source=/uv,target=/uv \\',
      '    --mount=type=cache,target=/root/.cache true',
      'ARG LATER=1',
    ]);
    assert.deepEqual(images, ['docker/dockerfile:1.7', 'a', 'busybox:1', 'ghcr.io/astral-sh/uv:0.5']);
  });

  it('do not come from what every object has', async () => {
    assert.deepEqual(await of(['ARG toString', 'ARG __proto__', 'FROM a$toString$__proto__']), ['a']);
  });

  it('are found below any number of stages', async () => {
    const stages = Array.from({ length: 20_000 }, (_, number) => `FROM s${number} AS s${number + 1}`);
    assert.deepEqual(await of(['FROM a AS s0', ...stages]), ['a']);
  });

  it('have no names that variables make longer and longer', async () => {
    const lines = Array.from({ length: 30 }, (_, level) => `ARG A${level + 1}=${`$A${level}`.repeat(10)}`);
    const [image = ''] = await of(['ARG A0=0123456789', ...lines, 'FROM a$A30']);
    assert.ok(image.length < 2000);
  });

  it('may be none', async () => {
    assert.deepEqual(await of(['ARG EMPTY', 'FROM $EMPTY']), []);
    assert.deepEqual(await of(['FROM scratch']), []);
    assert.deepEqual(await of([]), []);
  });
});
