import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { baseImagesOf } from '../../../src/build/base-images';
import { linesOfStep, outline, rangeOfLines } from '../../../src/build/dockerfile';
import { originsInContext, runAtLine } from '../../../src/explain';
import { readStages } from '../../../src/project';
import { checkDockerfile } from '../../../src/project/dockerfile';
import { Findings } from '../../../src/project/findings';
import { fixture } from '../build/support';
import { temporaryFolder } from '../project/temporary-repository';
import { babble, damaged, LONG_TEXT, long, numbered, RUNS } from './support';

const WORDS = [
  ...[
    'FROM ',
    'RUN ',
    'COPY ',
    'ADD ',
    'WORKDIR ',
    'ARG ',
    'ENV ',
    'ONBUILD ',
    'CMD ',
    'from ',
    ' AS ',
    ' as ',
    'a',
    'b',
  ],
  ...['scratch', '\n', '\r\n', ' ', '\\\n', '`\n', '# escape=`\n', '# syntax=x\n', '<<E', '<<-"E"', '\nE\n', '--from='],
  ...[
    '--mount=',
    'type=bind,from=',
    ',',
    '=',
    '"',
    "'",
    '[',
    ']',
    '$a',
    '${a',
    ':-',
    ':+',
    '}',
    '$constructor',
    '0',
    '#',
  ],
];
const DOCKERFILES = [fixture('success.Dockerfile'), fixture('failing-run.Dockerfile')];
const dockerfile = fc.oneof(damaged(DOCKERFILES, WORDS), babble(WORDS));
const linux = { os: 'linux', architecture: 'amd64' };

const stepName = fc
  .record({
    platform: fc.constantFrom('', 'linux/amd64 ', 'linux/amd64->arm64 '),
    stage: fc.constantFrom('', 'stage-0 ', 'stage-1 ', 'base ', 'a ', 'stage-999999999999 '),
    index: fc.constantFrom('0', '1', '2', '3', '99999999999999999999'),
    count: fc.constantFrom('0', '1', '2', '3', '4'),
  })
  .map(({ platform, stage, index, count }) => `[${platform}${stage}${index}/${count}] RUN x`);

describe('fuzzing Dockerfiles', () => {
  it('outlines any text by instructions in order, and finds steps at lines that it has', async () => {
    await fc.assert(
      fc.asyncProperty(dockerfile, fc.oneof(stepName, babble(['[', ']', '/', '->', '1', ' '])), async (text, name) => {
        const read = await outline(text);
        const count = text.split(/\r\n|\r|\n/).length;
        let before = 0;
        for (const { lines } of read.instructions) {
          assert.ok(lines.first > before && lines.last >= lines.first && lines.last <= count);
          before = lines.last;
        }
        const lines = linesOfStep(read, name);
        assert.ok(!lines || read.instructions.some((instruction) => instruction.lines === lines));
        assert.deepEqual(await outline(text), read);
      }),
      RUNS,
    );
  });

  it('tells where files of an image come from by paths of the context alone', async () => {
    const path = babble(['/', 'a', 'b', '..', '.', '*']).map((text) => `/${text}`);
    await fc.assert(
      fc.asyncProperty(dockerfile, path, fc.integer({ min: 1, max: 12 }), async (text, file, line) => {
        const stages = await readStages(text, { a: '/given' });
        for (const { base = -1, steps } of stages) {
          assert.ok(base < stages.length);
          for (const { lines } of steps) assert.ok(lines.first >= 1 && lines.last >= lines.first);
        }
        const place = runAtLine(stages, line);
        const origins = place ? originsInContext(stages, place, file) : [];
        assert.ok(origins.every((origin) => !origin.startsWith('/') && !origin.split('/').includes('..')));
      }),
      RUNS,
    );
  });

  it('finds whole lines of the file, whichever are asked for', async () => {
    const file = join(await temporaryFolder(), 'Dockerfile');
    const line = fc.oneof(fc.integer({ min: -2, max: 12 }), fc.constantFrom(1e9, Infinity));
    await fc.assert(
      fc.asyncProperty(dockerfile, line, line, async (text, first, last) => {
        await writeFile(file, text);
        const content = (await readFile(file, 'utf8')).split(/\r?\n/);
        const { start, end } = await rangeOfLines(file, { first, last });
        for (const { line, column } of [start, end]) {
          assert.ok(column >= 1 && column <= (content[line - 1]?.length ?? -1) + 1);
        }
        assert.ok(start.line <= end.line);
      }),
      RUNS,
    );
  });

  it('names images of no more than the file and its arguments say', async () => {
    const given = fc.dictionary(fc.constantFrom('a', 'b', 'toString'), fc.constantFrom('x', 'y:1'), {
      noNullPrototype: true,
    });
    await fc.assert(
      fc.asyncProperty(
        dockerfile,
        given,
        fc.option(fc.constantFrom('a', 'b', '0'), { nil: undefined }),
        async (text, buildArgs, target) => {
          const request = { buildArgs, platform: linux, ...(target === undefined ? {} : { target }) };
          const images = await baseImagesOf(text, request);
          assert.ok(images.every((image) => image !== '' && image !== 'scratch' && !image.includes('native code')));
          assert.deepEqual(await baseImagesOf(text, request), images);
        },
      ),
      RUNS,
    );
  });

  it('finds the images of stages that build upon each other in any way', async () => {
    const stages = fc.array(
      fc.record({ name: fc.constantFrom('a', 'b', 'c'), uses: fc.array(fc.nat(5), { minLength: 1, maxLength: 3 }) }),
      {
        minLength: 1,
        maxLength: 6,
      },
    );
    await fc.assert(
      fc.asyncProperty(stages, async (list) => {
        const expected = new Set<string>();
        // A number below that of the stage means the stage of that number, any other an image.
        const visit = (index: number) => {
          for (const use of list[index]?.uses ?? []) {
            if (use < index) visit(use);
            else expected.add(`image${use}`);
          }
        };
        visit(list.length - 1);
        const text = list.flatMap(({ name, uses: [first = 0, ...others] }, index) => [
          `FROM ${first < index ? `s${first}` : `image${first}`} AS s${index}`,
          ...others.map((use) => `COPY --from=${use < index ? use : `image${use}`} ${name} /`),
        ]);
        const images = await baseImagesOf(text.join('\n'), { buildArgs: {}, platform: linux });
        assert.deepEqual(new Set(images), expected);
      }),
      RUNS,
    );
  });
});

describe('fuzzing long Dockerfiles', () => {
  const LONG_FILES: Readonly<Record<string, string>> = {
    'stages upon stages': numbered((n) => `FROM s${n - 1} AS s${n}\n`),
    'variables of variables': [
      `ARG A0=${'x'.repeat(100)}`,
      ...Array.from({ length: 40 }, (_, n) => `ARG A${n + 1}=${`$A${n}`.repeat(10)}`),
      'FROM $A40',
    ].join('\n'),
    'variables that are never closed': `FROM ${long('${a:-')}`,
    'one variable again and again': `ARG A=${'x'.repeat(1000)}\nFROM ${long('$A')}`,
    'images to copy from': `FROM a\nRUN --mount=${numbered((n) => `from=i${n},`)} x`,
    'documents that do not end': long('RUN <<E\n'),
    quotes: `FROM a\nRUN ${long('"')}`,
    blanks: `FROM a${long(' as a')}`,
  };
  for (const [what, text] of Object.entries(LONG_FILES)) {
    it(`comes to an end with ${what}`, async () => {
      const images = await baseImagesOf(text, { buildArgs: {}, platform: linux });
      assert.ok(images.join('').length <= text.length + 2048);
      const read = await outline(text);
      linesOfStep(read, '[s1 1/1] x');
      await readStages(text);
    }).timeout(60_000);
  }

  it('leaves those alone that would take seconds to parse', async () => {
    const text = `FROM a\nRUN ${long('--mount=type=bind ', 1_000_000)}x\n`;
    assert.deepEqual(await outline(text), { stages: [], instructions: [] });
    assert.deepEqual(await readStages(text), []);
    const file = join(await temporaryFolder(), 'Dockerfile');
    await writeFile(file, `RUNN a\n${text}`);
    const findings = new Findings();
    await checkDockerfile({ root: '/', dockerfile: { value: file }, targets: [] }, findings);
    assert.deepEqual(findings.problems, []);
  });

  it('comes to an end with names of steps that are as long', async () => {
    const read = await outline('FROM a\n');
    const TEN_TIMES = 10 * LONG_TEXT;
    for (const name of [long('1', TEN_TIMES), long('a/b->', TEN_TIMES), long('1/', TEN_TIMES), long(' ', TEN_TIMES)]) {
      assert.equal(linesOfStep(read, `[a/${name}`), undefined);
    }
  });
});
