import assert from 'node:assert/strict';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, startOfFile, type SourceRange } from '../../../src/base';
import type { BuildEvent } from '../../../src/build';
import { locatingBuildErrors } from '../../../src/run/explaining-builds';
import { temporaryFolder, writeFiles, type Files } from '../project/temporary-repository';

describe('run: the source lines that a build complains of', () => {
  let root: string;

  beforeEach(async () => {
    root = await temporaryFolder();
  });

  const write = (files: Files) => writeFiles(root, files);

  /** The failure of a build whose last RUN writes these lines. */
  async function failureOf(dockerfile: string, output: readonly string[], code = 'build-failed'): Promise<Failure> {
    await write({ 'app/Dockerfile': dockerfile });
    const file = join(root, 'app', 'Dockerfile');
    const line = dockerfile.trimEnd().split('\n').length;
    const range: SourceRange = { file, start: { line, column: 1 }, end: { line, column: 9 } };
    const sources = { dockerfile: { value: file }, context: root, buildArgs: {} };
    const build = (onEvent: (event: BuildEvent) => void) => {
      const step = { id: 'a', name: 'RUN make' };
      for (const text of output) onEvent({ type: 'output', stepId: 'a', text });
      onEvent({ type: 'output', stepId: 'b', text: 'app/other.c:1:1: error: of a step that did not fail' });
      onEvent({ type: 'step', step: { id: 'b', name: 'RUN other', state: 'cancelled' } });
      onEvent({ type: 'step', step: { ...step, state: 'failed' } });
      const evidence = output.slice(-2);
      throw new Failure({ code, fault: 'app', summary: 'RUN make failed with exit code 2.', range, evidence });
    };
    const error = await locatingBuildErrors(root, sources, build).catch((reason: unknown) => reason);
    assert.ok(error instanceof Failure);
    return error;
  }

  const placesOf = ({ range, related }: Failure) =>
    [range ?? startOfFile(root), ...related.map((place) => place.range)].map(
      ({ file, start }) => `${file.slice(root.length + 1)}:${start.line}:${start.column}`,
    );

  const DOCKERFILE = 'FROM gcc\nWORKDIR /src\nCOPY app .\nRUN make\n';

  it('come first, with all others and the instruction beside it', async () => {
    await write({ 'app/a.c': 'int a;\n  int b = x;\n', 'app/b.h': 'y\n' });
    const failure = await failureOf(DOCKERFILE, [
      'a.c:2:11: error: ‘x’ undeclared',
      '/src/b.h:1:1: error: unknown type name ‘y’',
      '/src/b.h:1:2: error: the same line once more',
      '/usr/include/b.h:1:1: error: in a library',
      'make: *** [Makefile:2: all] Error 1',
    ]);
    assert.deepEqual(placesOf(failure), ['app/a.c:2:11', 'app/Dockerfile:4:1', 'app/b.h:1:1']);
    assert.equal(failure.summary, '‘x’ undeclared, and 1 more error: RUN make failed with exit code 2.');
    assert.deepEqual(
      failure.related.map(({ message, evidence }) => [message, evidence?.at(-1)]),
      [
        ['RUN make failed with exit code 2.', 'make: *** [Makefile:2: all] Error 1'],
        ['unknown type name ‘y’', undefined],
      ],
    );
    assert.equal(failure.code, 'build-failed');
    assert.equal(failure.evidence[0], 'a.c:2:11: error: ‘x’ undeclared');
    assert.equal(failure.evidence.at(-1), 'make: *** [Makefile:2: all] Error 1');
  });

  it('are at most ten besides the first', async () => {
    await write({ 'app/a.c': 'x\n'.repeat(50) });
    const errors = Array.from({ length: 40 }, (_, index) => `a.c:${index + 1}:1: error: x`);
    const failure = await failureOf(DOCKERFILE, errors);
    assert.equal(failure.related.length, 11);
    assert.match(failure.summary, /^x, and 39 more errors: /);
  });

  it('are taken from the file that was copied, not from one of the same name', async () => {
    await write({ 'app/a.c': 'x\n', 'src/a.c': 'x\n', 'a.c': 'x\n' });
    assert.equal(placesOf(await failureOf(DOCKERFILE, ['a.c:1:1: error: x']))[0], 'app/a.c:1:1');
    const moved = 'FROM gcc\nCOPY src /x\nRUN cd /x && make\n';
    assert.equal(placesOf(await failureOf(moved, ['a.c:1:1: error: x']))[0], 'src/a.c:1:1');
    const unclear = 'FROM gcc\nRUN git clone x && make\n';
    assert.deepEqual(placesOf(await failureOf(unclear, ['a.c:1:1: error: x'])), ['a.c:1:1', 'app/Dockerfile:2:1']);
    assert.deepEqual(placesOf(await failureOf(unclear, ['/y/a.c:1:1: error: x'])), ['app/Dockerfile:2:1']);
  });

  it('are found by the end of the path where a command has moved the file', async () => {
    await write({ 'app/lib/speed.c': 'x\n' });
    const moved = 'FROM gcc\nCOPY app /src\nRUN mv /src /work && make\n';
    assert.equal(placesOf(await failureOf(moved, ['/work/lib/speed.c:1:1: error: x']))[0], 'app/lib/speed.c:1:1');
  });

  it('are whole lines where tools count columns in different ways', async () => {
    await write({ 'app/a.c': '\tint x = "ä" + y;\nz\n' });
    const tab = await failureOf(DOCKERFILE, ['a.c:1:24: error: y']);
    assert.deepEqual([tab.range?.start.column, tab.range?.end.column], [2, 18]);
    const beyond = await failureOf(DOCKERFILE, ['a.c:2:9: error: y']);
    assert.deepEqual([beyond.range?.start.column, beyond.range?.end.column], [1, 2]);
  });

  it('are no places that do not exist, or that a link leads out of the repository to', async () => {
    const outside = await temporaryFolder();
    await writeFile(join(outside, 'a.c'), 'x\n');
    await write({ 'app/b.c': 'x\n' });
    await symlink(join(outside, 'a.c'), join(root, 'app', 'a.c'));
    await symlink(outside, join(root, 'app', 'linked'));
    const output = ['a.c:1:1: error: x', 'linked/a.c:1:1: error: x', 'b.c:7:1: error: x', '../../a.c:1:1: error: x'];
    const failure = await failureOf(DOCKERFILE, output);
    assert.deepEqual(placesOf(failure), ['app/Dockerfile:4:1']);
    assert.equal(failure.summary, 'RUN make failed with exit code 2.');
  });

  it('are not looked for in what no command of the app has failed at', async () => {
    await write({ 'app/a.c': 'x\n' });
    const failure = await failureOf(DOCKERFILE, ['a.c:1:1: error: x'], 'network');
    assert.deepEqual(placesOf(failure), ['app/Dockerfile:4:1']);
  });

  it('are found at the start of an output that goes on and on', async () => {
    await write({ 'app/a.c': 'x\n' });
    const failure = await failureOf(DOCKERFILE, ['a.c:1:1: error: x', ...Array.from({ length: 1_900 }, () => 'note')]);
    assert.equal(placesOf(failure)[0], 'app/a.c:1:1');
    assert.deepEqual(failure.evidence.slice(0, 1), ['a.c:1:1: error: x']);
    assert.ok(failure.evidence.includes('…'));
  });
});
