import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LineSplitter, TailBuffer } from '../../../src/tools';

function split(chunks: readonly Uint8Array[], maxLength?: number): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line), maxLength);
  for (const chunk of chunks) splitter.write(chunk);
  splitter.end();
  return lines;
}

describe('tools: LineSplitter', () => {
  it('cuts at LF and CRLF, keeps empty lines, and hands on the unfinished last one', () => {
    assert.deepEqual(split([Buffer.from('a\r\n\nb\n\r\nc')]), ['a', '', 'b', '', 'c']);
    assert.deepEqual(split([]), []);
    assert.deepEqual(split([Buffer.from('a\n')]), ['a']);
  });

  it('gives the same lines however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary' }).map((text) => text.replace(/[\r\n]/g, '') + '.')),
        fc.constantFrom('\n', '\r\n'),
        fc.array(fc.nat(20)),
        (lines, lineBreak, cuts) => {
          const bytes = Buffer.from(lines.map((line) => line + lineBreak).join(''));
          const expected = lines.map((line) => Buffer.from(line).toString());
          assert.deepEqual(split(cut(bytes, cuts)), expected);
        },
      ),
    );
  });

  it('hands on a line that is too long in pieces that make up the whole', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }).map((text) => text.replace(/[\r\n]/g, '.')),
        fc.integer({ min: 2, max: 9 }),
        fc.array(fc.nat(5)),
        fc.constantFrom('', '\n', '\r\n'),
        (text, maxLength, cuts, lineBreak) => {
          const pieces = split(cut(Buffer.from(text + lineBreak), cuts), maxLength);
          assert.equal(pieces.join(''), text);
          assert.ok(
            pieces.every(
              (piece) => piece.length <= maxLength && Buffer.from(piece).toString() === piece && piece !== '',
            ),
          );
        },
      ),
    );
  });
});

describe('tools: TailBuffer', () => {
  it('keeps everything below the limit', () => {
    const tail = new TailBuffer(10);
    tail.write(Buffer.from('12345'));
    tail.write(Buffer.from('67890'));
    assert.equal(tail.toString(), '1234567890');
    assert.equal(tail.truncated, false);
  });

  it('drops whole lines from the beginning', () => {
    const tail = new TailBuffer(12);
    for (const text of ['password=hun', 'ter2\nsecond\n', 'last\n']) tail.write(Buffer.from(text));
    assert.equal(tail.truncated, true);
    assert.equal(tail.toString(), 'last\n');
  });

  it('keeps the end of a single endless line', () => {
    const tail = new TailBuffer(4);
    tail.write(Buffer.from('abcdefgh'));
    assert.equal(tail.toString(), 'efgh');
  });

  it('holds no more than the limit, however small the chunks', () => {
    const tail = new TailBuffer(10_000);
    for (let index = 0; index < 30_000; index += 1) tail.write(Buffer.from([index % 10 === 9 ? 10 : 97]));
    const text = tail.toString();
    assert.ok(text.length <= 10_000 && text.length > 9_980);
    assert.match(text, /^(a{9}\n)+$/);
  });
});

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let start = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(start, start + size));
    start += size;
  }
  return [...chunks, bytes.subarray(start)];
}
