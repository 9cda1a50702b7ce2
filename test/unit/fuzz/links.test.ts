import assert from 'node:assert/strict';
import fc from 'fast-check';
import { findLocations } from '../../../src/explain';
import { PathIndex } from '../../../src/explain/path-index';
import { placesOfFailure } from '../../../src/explain/stack-trace';
import { harmless } from '../../../src/base/harmless';
import { babble, LONG_TEXT, long, RUNS } from './support';

const WORDS = [
  ...[
    'File "',
    '", line ',
    '/app/',
    'src/',
    'main.py',
    '.cpp',
    ':',
    '1',
    '23',
    '0',
    '99999999',
    ' ',
    '(',
    ')',
    '//',
    'http',
  ],
  ...['file:', '"', 'Traceback (most recent call last)', '\\', 'C:', '..', '.', '/usr/lib/x.py', '<string>'],
];
const file = fc.array(fc.constantFrom('app', 'src', 'a.py', 'b.cpp', '__proto__', 'constructor', ''), {
  minLength: 1,
  maxLength: 4,
});
const path = file.map((parts) => parts.join('/'));

describe('fuzzing places in lines of a log', () => {
  it('finds them inside the line, apart from each other and in order', () => {
    fc.assert(
      fc.property(babble(WORDS), (text) => {
        let end = 0;
        for (const { index, length, path, line, column } of findLocations(text)) {
          assert.ok(index >= end && length > 0 && index + length <= text.length);
          assert.ok(path !== '' && text.startsWith(path, index));
          assert.ok(line >= 1 && (column ?? 1) >= 1 && Number.isSafeInteger(line));
          end = index + length;
        }
        assert.deepEqual(findLocations(text), findLocations(text));
      }),
      RUNS,
    );
  });

  it('finds in a stack trace no place that none of its lines has', () => {
    fc.assert(
      fc.property(fc.array(babble(WORDS), { maxLength: 10 }), (lines) => {
        const places = placesOfFailure(lines).map((place) => JSON.stringify(place));
        const all = lines.flatMap((line) => findLocations(line)).map((place) => JSON.stringify(place));
        assert.deepEqual([...places].sort(), [...all].sort());
      }),
      RUNS,
    );
  });

  it('takes for a file of the workspace only one that is there', () => {
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 8 }), fc.oneof(path, babble(WORDS)), (files, wanted) => {
        const found = new PathIndex(files).find(wanted);
        assert.ok(found === undefined || files.includes(found));
      }),
      RUNS,
    );
  });

  it('comes to an end with lines of any length', () => {
    const index = new PathIndex(['app/main.py', 'main.py']);
    for (const part of [...WORDS, '\u001b[', '\u001b]', '\u009b', '\u0090', '\u001b]\u0007', 'a/']) {
      const text = long(part, 10 * LONG_TEXT);
      assert.ok(findLocations(text).length <= 32);
      index.find(text);
      index.find(`${text}/main.py`);
      assert.equal(harmless(harmless(text, false), false), harmless(text, false));
    }
  }).timeout(60_000);
});
