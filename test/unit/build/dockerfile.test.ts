import assert from 'node:assert/strict';
import { linesOfStep, outline, rangeOfLines } from '../../../src/build/dockerfile';
import { fixturePath } from './support';

const DOCKERFILE = `FROM --platform=$BUILDPLATFORM golang AS Build
WORKDIR /src
ENV A=1
RUN <<EOF
one
two
EOF

FROM scratch
COPY --from=build /a /a
ADD b /b
CMD ["/a"]
`;

describe('build: which lines a step comes from', () => {
  const cases: [string, [number, number] | undefined][] = [
    ['[build 1/3] FROM docker.io/library/golang', [1, 1]],
    ['[build 2/3] WORKDIR /src', [2, 2]],
    ['[build 3/3] RUN <<EOF (one...)', [4, 7]],
    ['[linux/amd64 build 2/3] WORKDIR /src', [2, 2]],
    ['[linux/arm/v7 build 2/3] WORKDIR /src', [2, 2]],
    ['[linux/amd64->arm64 build 2/3] WORKDIR /src', [2, 2]],
    ['[stage-1 1/2] COPY --from=build /a /a', [10, 10]],
    ['[stage-1 2/2] ADD b /b', [11, 11]],
    ['[stage-1 2/5] ONBUILD made it longer', undefined],
    ['[elsewhere 1/2] RUN x', undefined],
    ['[1/2] no stage, but there are two', undefined],
    ['[internal] load build context', undefined],
    ['exporting to image', undefined],
  ];
  for (const [name, expected] of cases) {
    it(name, async () => {
      const lines = linesOfStep(await outline(DOCKERFILE), name);
      assert.deepEqual(lines, expected && { first: expected[0], last: expected[1] });
    });
  }

  it('a Dockerfile of one stage, whose steps bear no name', async () => {
    const dockerfile = await outline('# c\nFROM scratch\nCOPY a /\n\nCOPY b /\n');
    assert.deepEqual(linesOfStep(dockerfile, '[2/2] COPY b /'), { first: 5, last: 5 });
    assert.deepEqual(linesOfStep(dockerfile, '[linux/arm64 1/2] COPY a /'), { first: 3, last: 3 });
  });
});

describe('build: rangeOfLines', () => {
  it('spans whole lines', async () => {
    const file = fixturePath('failing-run.Dockerfile');
    assert.deepEqual(await rangeOfLines(file, { first: 4, last: 6 }), {
      file,
      start: { line: 4, column: 1 },
      end: { line: 6, column: 11 },
    });
  });

  it('takes the nearest lines for those that the file does not have', async () => {
    const file = fixturePath('failing-run.Dockerfile');
    const { start, end } = await rangeOfLines(file, { first: 0, last: 1_000_000 });
    assert.deepEqual(start, { line: 1, column: 1 });
    assert.deepEqual(end, (await rangeOfLines(file, { first: end.line, last: end.line })).end);
    assert.ok(end.line < 20);
  });

  it('survives a file that is gone', async () => {
    const range = await rangeOfLines('/nowhere/Dockerfile', { first: 2, last: 2 });
    assert.deepEqual(range.start, { line: 2, column: 1 });
  });
});
