import assert from 'node:assert/strict';
import { originsInContext, runAtLine } from '../../../src/explain/image-origins';
import { readStages } from '../../../src/project';

/** Where a file that the last RUN of the Dockerfile sees may come from. */
async function origins(dockerfile: string, path: string): Promise<string[]> {
  const stages = await readStages(dockerfile);
  const place = runAtLine(stages, dockerfile.trimEnd().split('\n').length);
  assert.ok(place);
  return originsInContext(stages, place, path);
}

describe('where a file of an image comes from', () => {
  const cases: [string, string, string, string[]][] = [
    ['a folder', 'FROM x\nCOPY app/src /app\nRUN x', '/app/a/b.py', ['app/src/a/b.py']],
    ['the context as a whole', 'FROM x\nWORKDIR /w\nCOPY . .\nRUN x', '/w/a/b.py', ['a/b.py']],
    ['a file', 'FROM x\nCOPY app/a.py /b.py\nRUN x', '/b.py', ['app/a.py']],
    [
      'a file into a folder',
      'FROM x\nCOPY app/a.py lib/b.py /w/\nRUN x',
      '/w/b.py',
      ['app/a.py/b.py', 'lib/b.py', 'lib/b.py/b.py'],
    ],
    ['the last of several', 'FROM x\nCOPY a /w\nCOPY b /w\nRUN x', '/w/c', ['b/c', 'a/c']],
    ['nothing that came later', 'FROM x\nRUN x', '/w/c', []],
    ['a pattern', 'FROM x\nCOPY src/*.c inc/?.h /w/\nRUN x', '/w/main.c', ['src/main.c']],
    ['a pattern that does not fit', 'FROM x\nCOPY src/*.c /w/\nRUN x', '/w/main.h', []],
    ['folders of the source', 'FROM x\nCOPY --parents a/b c /w/\nRUN x', '/w/a/b/d.py', ['a/b/d.py']],
    ['a stage below', 'FROM x AS a\nCOPY a /w\nFROM a\nRUN x', '/w/c', ['a/c']],
    ['another stage', 'FROM x AS a\nCOPY app /src\nFROM y\nCOPY --from=a /src/lib /w\nRUN x', '/w/c', ['app/lib/c']],
    ['a bind mount first', 'FROM x\nCOPY a /w\nRUN --mount=source=b,target=/w x', '/w/c', ['b/c', 'a/c']],
    ['a path with dots', 'FROM x\nCOPY a /w\nRUN x', '/w/./d/../c', ['a/c']],
    ['none elsewhere', 'FROM x\nCOPY a /w\nRUN x', '/wide/c', []],
  ];
  for (const [what, dockerfile, path, expected] of cases) {
    it(what, async () => assert.deepEqual(await origins(dockerfile, path), expected));
  }

  it('is found by the line of the RUN', async () => {
    const stages = await readStages('FROM x\nRUN a\nFROM y\nCOPY b /b\nRUN c \\\n  d\n');
    assert.deepEqual([runAtLine(stages, 6)?.stage, runAtLine(stages, 6)?.step], [1, 1]);
    assert.equal(runAtLine(stages, 4), undefined);
  });

  it('comes to an end where stages copy from each other in more ways than count', async () => {
    const copies = (n: number) => `FROM x AS s${n}\n${`COPY --from=s${n - 1} / /\n`.repeat(20)}`;
    const stages = Array.from({ length: 40 }, (_, n) => (n === 0 ? 'FROM x AS s0\nCOPY a /\n' : copies(n)));
    assert.deepEqual(await origins(`${stages.join('')}RUN x`, '/b'), ['b', 'a/b'].slice(1));
    assert.deepEqual(await origins('FROM x AS a\nCOPY --from=a / /\nRUN x', '/b'), []);
  });
});
