import assert from 'node:assert/strict';
import fc from 'fast-check';
import { afterEach } from 'mocha';

const FEW = 200;

const numRuns = Number(process.env['VAPP_FUZZ_RUNS'] ?? FEW);

/** Whether there is time for what takes minutes. */
export const LONG = numRuns > FEW;

/**
 * How often a property is tried: `npm run test:fuzz` does it by far more often than `npm test`, which tries the same
 * inputs every time: what it refuses is to be the fault of the change at hand.
 */
export const RUNS = LONG ? { numRuns } : { numRuns, seed: 20_261_128 };

/** Length of texts on which whatever takes time by the square of it would not come to an end. */
export const LONG_TEXT = LONG ? 1024 * 1024 : 64 * 1024;

const INHERITED = Reflect.ownKeys(Object.prototype);

afterEach('nothing has changed what all objects inherit', () => {
  assert.deepEqual(Reflect.ownKeys(Object.prototype), INHERITED);
});

/** What trips readers of text up. */
const NASTY: readonly string[] = [
  ...['\0', '\uFEFF', '\uD83D', '\uDE00', '😀', 'ä', '\u0085', '\u2028', '\u001b[31m', '\ufffd', '\u202e'],
  ...['\r', '\n', '\r\n', '\t', '    ', '\\', '\\ud800', '"', "'", '`', '$', '${', '}'],
  ...['__proto__', 'constructor', 'toString', 'null', 'NaN', '-1', '0', '1e999', '9'.repeat(400), '../..', '/'],
];

/** Half of a surrogate pair and NUL are as likely as any other character. */
const anyUnit = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...' \n"\'{}[]:,-#/\\'.split('')) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 0x7f }).map((code) => String.fromCharCode(code)) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) },
);

/** Texts made of the words of a language, and of what it does not know. */
export function babble(words: readonly string[], maxLength = 40): fc.Arbitrary<string> {
  const word = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...words) },
    { weight: 1, arbitrary: fc.constantFrom(...NASTY) },
  );
  return fc.oneof(
    { weight: 4, arbitrary: fc.array(word, { maxLength }).map((parts) => parts.join('')) },
    { weight: 1, arbitrary: fc.string({ unit: anyUnit, maxLength: 200 }) },
  );
}

/** Texts that were right before something was done to them in a few places. */
export function damaged(originals: readonly string[], words: readonly string[] = []): fc.Arbitrary<string> {
  const damage = fc.record({
    at: fc.nat(999),
    without: fc.oneof(fc.constant(0), fc.nat(30)),
    put: fc.constantFrom('', ...words, ...NASTY),
    times: fc.constantFrom(1, 1, 1, 50),
  });
  return fc.tuple(fc.constantFrom(...originals), fc.array(damage, { maxLength: 5 })).map(([original, damages]) =>
    damages.reduce((text, { at, without, put, times }) => {
      const from = Math.floor((at / 1000) * text.length);
      return text.slice(0, from) + put.repeat(times) + text.slice(from + without);
    }, original),
  );
}

/** A text as bytes of a file: in UTF-8, most of the time. */
export function encoded(text: fc.Arbitrary<string>): fc.Arbitrary<Uint8Array> {
  const utf8 = text.map((content) => Buffer.from(content));
  const other = fc.oneof(
    text.map((content) => Buffer.from(`\uFEFF${content}`)),
    text.map((content) => Buffer.from(content.replaceAll('\n', '\r\n'))),
    text.map((content) => Buffer.from(content.replaceAll('\n', '\r'))),
    text.map((content) => Buffer.from(content, 'utf16le')),
    text.map((content) => Buffer.from(`ä${content}`, 'latin1')),
    fc.uint8Array({ maxLength: 200 }),
  );
  return fc.oneof({ weight: 3, arbitrary: utf8 }, { weight: 1, arbitrary: other });
}

/** Bytes in which line breaks are likely, and broken UTF-8 too. */
export const anyBytes: fc.Arbitrary<Buffer> = fc
  .array(
    fc.oneof(
      fc.constantFrom('\n', '\r\n', '\r', 'a', ' ', '\0').map((text) => Buffer.from(text)),
      fc.string({ unit: 'binary', maxLength: 8 }).map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
    ),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.concat(parts));

/** Where to cut bytes, see {@link pieces}. */
export const cuts = fc.array(fc.nat(2000), { maxLength: 30 });

/** Bytes cut at some places. */
export function pieces(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  const starts = [0, ...ends];
  return starts.map((start, index) => bytes.subarray(start, starts[index + 1] ?? bytes.length));
}

/** A part again and again, as long as a text that is too long for anything but time in proportion to its length. */
export function long(part: string, length = LONG_TEXT): string {
  return part.repeat(Math.ceil(length / part.length));
}

/** Parts with numbers in them, to the same length. */
export function numbered(part: (number: number) => string, length = LONG_TEXT): string {
  const parts: string[] = [];
  for (let number = 0, done = 0; done < length; number++) {
    const next = part(number);
    parts.push(next);
    done += next.length;
  }
  return parts.join('');
}
