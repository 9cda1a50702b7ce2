import assert from 'node:assert/strict';
import { readSolveError } from '../../../src/build/solve-error';

describe('build: the words at the end', () => {
  it('name the lines that are marked, and only such numbers as files have lines', () => {
    assert.deepEqual(readSolveError(['   4 | >>> RUN \\', '   5 | >>>   x', 'ERROR: failed to solve: no']), {
      message: 'no',
      lines: { first: 4, last: 5 },
    });
    assert.deepEqual(readSolveError([`${'9'.repeat(400)} | >>> x`, 'ERROR: no']), { message: 'no' });
  });

  it('are kept at both ends where a whole script stands between them', () => {
    const { message } = readSolveError([`ERROR: failed to solve: process "${'x'.repeat(1_000_000)}": exit code: 3`]);
    assert.ok(message.length < 70_000);
    assert.match(message, /^process "x+…x+": exit code: 3$/);
  });
});
