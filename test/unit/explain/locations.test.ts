import assert from 'node:assert/strict';
import fc from 'fast-check';
import { findLocations } from '../../../src/explain/locations';

/** The places found, each as the text it stands at, and what was read of it. */
function found(text: string): string[] {
  return findLocations(text).map(({ index, length, path, line, column }) => {
    const at = column === undefined ? `${line}` : `${line}:${column}`;
    return `${text.slice(index, index + length)} = ${path} @ ${at}`;
  });
}

describe('places in a line of a log', () => {
  it('finds the frame of a Python traceback', () => {
    assert.deepEqual(found('  File "/app/src/main.py", line 42, in main'), [
      '/app/src/main.py", line 42 = /app/src/main.py @ 42',
    ]);
  });

  const cases: Record<string, string> = {
    'app/src/main.py:12': 'app/src/main.py:12 = app/src/main.py @ 12',
    '/app/src/main.cpp:12:5: error: expected ;': '/app/src/main.cpp:12:5 = /app/src/main.cpp @ 12:5',
    '    at run (/srv/app/index.js:3:14)': '/srv/app/index.js:3:14 = /srv/app/index.js @ 3:14',
    'thread main panicked at src/main.rs:10:5:': 'src/main.rs:10:5 = src/main.rs @ 10:5',
    '2026-11-24 08:14:02,611 ERROR (main.py:77)': 'main.py:77 = main.py @ 77',
    'see file:///app/x.js:3:4': '///app/x.js:3:4 = ///app/x.js @ 3:4',
  };
  for (const [text, place] of Object.entries(cases)) {
    it(`finds the place in: ${text}`, () => assert.deepEqual(found(text), [place]));
  }

  it('finds several, in their order, and none within another', () => {
    const text = 'a.py:1, File "b.py", line 4 and File "c.py:9", line 4, d.py:2:3';
    assert.deepEqual(
      findLocations(text).map(({ path }) => path),
      ['a.py', 'b.py', 'c.py:9', 'd.py'],
    );
  });

  const none = [
    'http://example.org:80/index.html',
    'localhost:31883 is up',
    '127.0.0.1:1883',
    '2026-11-24 08:14:02.611',
    'a.py:0',
    'a.py:12345678901',
    'a.py:12abc',
    'File "main.py", line x',
    'File "", line 3',
    '.:3',
    'key: 3',
  ];
  for (const text of none) it(`finds none in: ${text}`, () => assert.deepEqual(found(text), []));

  it('finds only what is in the text, with numbers from 1', () => {
    const part = fc.constantFrom('File "', '", line ', '/app/', 'a.py', ':', '1', '23', ' ', '(', '//', 'http', '"');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
        const text = parts.join('');
        for (const { index, length, path, line, column } of findLocations(text)) {
          assert.ok(text.slice(index, index + length).startsWith(path));
          assert.ok(path.length > 0 && line >= 1 && (column ?? 1) >= 1);
        }
      }),
    );
  });

  it('takes lines of ten megabytes, whatever they are made of', () => {
    // Anything that looks at a stretch of text once for each place in it would take hours here.
    for (const part of ['a.py:1', 'File "', ':1', '/', 'File "a', ' a:1:', 'x', '1', '::']) {
      assert.ok(findLocations(part.repeat(10_000_000 / part.length)).length <= 32);
    }
  });
});
