import assert from 'node:assert/strict';
import { SourceText } from '../../../src/project/text-ranges';

describe('places in a text', () => {
  it('count lines that end in any way', () => {
    const source = new SourceText('/x', 'a\nb\r\nc\rd');
    assert.deepEqual(
      [0, 1, 2, 5, 7, 8, 99].map((offset) => source.positionAt(offset)),
      [
        { line: 1, column: 1 },
        { line: 1, column: 2 },
        { line: 2, column: 1 },
        { line: 3, column: 1 },
        { line: 4, column: 1 },
        { line: 4, column: 2 },
        { line: 4, column: 2 },
      ],
    );
  });

  it('do not lie within a line break', () => {
    const source = new SourceText('/x', 'a\r\nb');
    assert.deepEqual(source.positionAt(2), { line: 1, column: 2 });
  });
});
