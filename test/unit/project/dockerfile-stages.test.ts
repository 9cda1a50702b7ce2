import assert from 'node:assert/strict';
import { readStages, type DockerfileStep } from '../../../src/project';
import { MAX_DOCKERFILE_LENGTH } from '../../../src/project/dockerfile-parser';

async function stepsOf(dockerfile: string, buildArgs: Record<string, string> = {}): Promise<readonly DockerfileStep[]> {
  return (await readStages(dockerfile, buildArgs)).at(-1)?.steps ?? [];
}

/** `source, source > destination`, with where it is from when that is a stage. */
function told(step: DockerfileStep): string {
  if (step.kind === 'run') return `run in ${step.workdir}`;
  const from = step.from === 'context' ? '' : `${step.from}:`;
  return `${from}${step.sources.join(', ')} > ${step.destination}`;
}

describe('what the stages of a Dockerfile have of the context', () => {
  const cases: [string, string, string[]][] = [
    ['files and folders', 'COPY a b/ /x/\nADD ./c /y', ['a, b > /x', 'c > /y']],
    ['all of it', 'WORKDIR /src\nCOPY . .', [' > /src']],
    ['folders that WORKDIR adds up', 'WORKDIR /a\nWORKDIR b\nCOPY x ./y\nRUN z', ['x > /a/b/y', 'run in /a/b']],
    ['the JSON form', 'COPY --chown=1:1 ["a b", "c", "/x y/"]', ['a b, c > /x y']],
    ['variables', 'ARG D=/app\nENV E=$D/e "F=g h"\nENV G old form\nWORKDIR $E\nCOPY a ${D}/b', ['a > /app/b']],
    ['nothing from outside', 'ADD https://example.org/a.tgz /a/\nCOPY <<E /b\nx\nE\nCOPY --from=alpine /c /c', []],
    ['what leads out of the context stays in it', 'COPY ../../a /b', ['a > /b']],
  ];
  for (const [what, text, expected] of cases) {
    it(what, async () => assert.deepEqual((await stepsOf(`FROM x\n${text}\n`)).map(told), expected));
  }

  it('stages upon stages, and from stages', async () => {
    const stages = await readStages(
      'ARG BASE=one\nFROM x AS One\nENV D=/one\nWORKDIR $D\nFROM $BASE AS two\nCOPY a $D/a\nFROM y\nCOPY --from=one /b /b\nCOPY --from=1 c c\n',
    );
    assert.deepEqual(
      stages.map(({ name, base }) => [name, base]),
      [
        ['one', undefined],
        ['two', 0],
        [undefined, undefined],
      ],
    );
    assert.deepEqual(stages[1]?.steps.map(told), ['a > /one/a']);
    assert.deepEqual(stages[2]?.steps.map(told), ['0:b > /b', '1:c > /c']);
  });

  it('what is given for an argument counts before its default', async () => {
    const text = 'ARG D=/global\nFROM x\nARG D\nARG E=/e\nCOPY a $D\nCOPY b $E\n';
    assert.deepEqual((await stepsOf(text)).map(told), ['a > /global', 'b > /e']);
    assert.deepEqual((await stepsOf(text, { D: '/d', E: '/given' })).map(told), ['a > /d', 'b > /given']);
  });

  it('bind mounts of a RUN, and what it runs', async () => {
    const run =
      'RUN --mount=type=bind,source=app,target=. --mount=target=/all \\\n  --mount=type=cache,target=/c --mount=from=a,src=x,dst=/y make';
    const [step] = (await readStages(`FROM x AS a\nFROM y\nWORKDIR /src\n${run}\n`)).at(-1)?.steps ?? [];
    assert.ok(step?.kind === 'run');
    assert.deepEqual(step.binds, [
      { source: 'app', target: '/src', from: 'context' },
      { source: '', target: '/all', from: 'context' },
      { source: 'x', target: '/y', from: 0 },
    ]);
    assert.deepEqual(step.lines, { first: 4, last: 5 });
    assert.equal(step.text, run);
  });

  it('is not told of what is too long to be parsed', async () => {
    assert.deepEqual(await readStages(`FROM a\n${'#'.repeat(MAX_DOCKERFILE_LENGTH)}`), []);
    assert.deepEqual(await readStages('FROM a\n'.repeat(1_000)), []);
  });
});
