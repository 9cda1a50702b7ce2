import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LINE_LIMIT, LineAssembler } from '../../../src/editor/logs/line-assembler';
import { Renderer } from '../../../src/editor/logs/renderer';
import type { LogEntry } from '../../../src/editor/logs/entries';
import { RecordSplitter, type LogRecord } from '../../../src/logs/record-splitter';
import { fullSecond, isTimestampAt, toTimestamp } from '../../../src/logs/timestamp';
import type { LogEvent } from '../../../src/logs';
import { LineSplitter, Redactor, TailBuffer } from '../../../src/tools';
import { words } from '../editor/log-fakes';
import { anyBytes, babble, cuts, pieces, RUNS } from './support';

const digits = (count: number, most: number) => fc.nat(most).map((number) => String(number).padStart(count, '0'));
/** Times of RFC 3339, and what looks like one. */
const time = fc
  .record({
    year: digits(4, 9999),
    month: digits(2, 13),
    day: digits(2, 32),
    hour: digits(2, 24),
    minute: digits(2, 60),
    second: digits(2, 60),
    decimals: fc.constantFrom('', '.1', '.12', '.000000001', '.123456789', '.1234567890', '.'),
    zone: fc.constantFrom('Z', '+00:00', '+02:00', '-23:59', '+99:99', 'z', ''),
  })
  .map((t) => `${t.year}-${t.month}-${t.day}T${t.hour}:${t.minute}:${t.second}${t.decimals}${t.zone}`);

const header = fc.oneof(time, fc.constantFrom('', '2026-11-24T07:18:57.123456789Z', '0000-00-00T00:00:00.000000000Z'));
const logBytes = fc
  .array(fc.tuple(header, fc.constantFrom(' ', '', '\n'), anyBytes), { maxLength: 8 })
  .map((lines) =>
    Buffer.concat(lines.flatMap(([start, space, rest]) => [Buffer.from(start), Buffer.from(space), rest])),
  );

describe('fuzzing lines', () => {
  it('cuts bytes into the same lines however they arrive, with all that is in them', () => {
    fc.assert(
      fc.property(anyBytes, cuts, fc.integer({ min: 1, max: 12 }), (bytes, places, maxLength) => {
        const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
        const expected = text.split('\n').map((line) => line.replace(/\r$/, ''));
        const lines = linesOf([bytes]);
        assert.deepEqual(lines, text === '' || text.endsWith('\n') ? expected.slice(0, -1) : expected);
        assert.deepEqual(linesOf(pieces(bytes, places)), lines);

        const short = linesOf([bytes], maxLength);
        assert.deepEqual(linesOf(pieces(bytes, places), maxLength), short);
        assert.equal(short.join(''), lines.join(''));
        assert.ok(short.every((line) => line.length <= maxLength));
      }),
      RUNS,
    );
  });

  it('keeps the end of what a tool wrote', () => {
    fc.assert(
      fc.property(fc.array(anyBytes, { maxLength: 10 }), fc.integer({ min: 1, max: 60 }), (chunks, limit) => {
        const tail = new TailBuffer(limit);
        for (const chunk of chunks) tail.write(chunk);
        const whole = Buffer.concat(chunks);
        const end = whole.subarray(Math.max(0, whole.length - limit));
        assert.equal(tail.truncated, whole.length > limit);
        assert.equal(tail.toString(), end.subarray(tail.truncated ? end.indexOf(0x0a) + 1 : 0).toString());
      }),
      RUNS,
    );
  });

  it('hides secrets of any characters in any text', () => {
    const secret = fc.string({ unit: 'binary', minLength: 4, maxLength: 6 });
    fc.assert(
      fc.property(fc.oneof(secret, fc.constant('\ud800abc')), babble(['://', '@', 'a:b', ' ', '/']), (hidden, text) => {
        const redactor = new Redactor();
        redactor.add(hidden);
        redactor.addFromEnvironment({ HTTP_PROXY: text, https_proxy: `http://a:${hidden}@b` });
        if (!'***'.includes(hidden)) assert.ok(!redactor.redact(`${text} ${hidden} ${text}`).includes(hidden));
      }),
      RUNS,
    );
  });
});

describe('fuzzing log records', () => {
  it('cuts a log into the same records however its bytes arrive', () => {
    fc.assert(
      fc.property(logBytes, cuts, fc.integer({ min: 4, max: 40 }), (bytes, places, maxBytes) => {
        const whole = recordsOf([Buffer.from([...bytes, 0x0a])], maxBytes);
        assert.deepEqual(recordsOf([...pieces(bytes, places), Buffer.from('\n')], maxBytes), whole);
        // Of a line that is not complete some pieces may have come, which are those that come when it is read again.
        const early = recordsOf(pieces(bytes, places), maxBytes);
        assert.deepEqual(early, whole.slice(0, early.length));
        for (const { timestamp } of whole) if (timestamp !== undefined) assert.equal(toTimestamp(timestamp), timestamp);
      }),
      RUNS,
    );
  });

  it('keeps every character of every line', () => {
    const stamp = '2026-11-24T07:18:57.123456789Z';
    const line = fc.string({ unit: 'binary' }).map((text) =>
      Buffer.from(text)
        .toString()
        .replace(/[\r\n]/g, '.'),
    );
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 10 }),
        fc.integer({ min: 4, max: 40 }),
        cuts,
        (lines, maxBytes, places) => {
          const bytes = Buffer.from(lines.map((text) => `${stamp} ${text}\n`).join(''));
          const joined: string[] = [];
          let begun = '';
          for (const { timestamp, text, continues } of recordsOf(pieces(bytes, places), maxBytes)) {
            assert.equal(timestamp, stamp);
            assert.ok(Buffer.byteLength(text) <= maxBytes);
            begun += text;
            if (continues) continue;
            joined.push(begun);
            begun = '';
          }
          assert.deepEqual(joined, lines);
        },
      ),
      RUNS,
    );
  });

  it('takes for times only what can be reckoned with', () => {
    fc.assert(
      fc.property(fc.oneof(time, babble(['2026', '-', '01', 'T', ':', '.', 'Z', '+'])), (text) => {
        const timestamp = toTimestamp(text);
        const bytes = Buffer.from(text);
        if (isTimestampAt(bytes, 0))
          assert.equal(timestamp, bytes.toString('latin1', 0, 30) === text ? text : timestamp);
        if (timestamp === undefined) return;
        assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
        assert.equal(Date.parse(`${timestamp.slice(0, 19)}Z`), Math.floor(Date.parse(text) / 1000) * 1000);
        for (const seconds of [0, 1]) assert.match(fullSecond(timestamp, seconds), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      }),
      RUNS,
    );
  });
});

describe('fuzzing the view of a log', () => {
  const source = { pod: 'pod', podUid: 'uid', restart: 0, timestamp: '2026-11-24T07:18:57.123456789Z' };
  const text = fc.oneof(
    { weight: 4, arbitrary: babble(['\u001b', '[', '31m', ']', '\u0007', '\u009b', 'a', ';', '\u001b\\', '\u001bP']) },
    { weight: 1, arbitrary: fc.nat(2 * LINE_LIMIT).map((length) => 'x'.repeat(length)) },
  );
  const event = fc.oneof(
    { weight: 4, arbitrary: fc.record({ container: fc.constantFrom('a', 'b'), text, continues: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ container: fc.constantFrom('a', 'b'), text: fc.constant(undefined) }) },
  );

  it('shows a line for each, says how much of it is left out, and nothing that steers a terminal', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), fc.constantFrom('plain', 'coloured'), (list, style) => {
        const assembler = new LineAssembler();
        const renderer = new Renderer(style, words);
        const entries = list.flatMap((one) => assembler.take(logEvent(one)));
        const ended = ['a', 'b'].flatMap((container) => assembler.take(logEvent({ container, text: undefined })));
        const all: LogEntry[] = [...entries, ...ended];
        const shown = all.flatMap((entry) => (entry.type === 'line' ? [entry.line] : []));
        const written = list.reduce((sum, one) => sum + (one.text?.length ?? 0), 0);
        assert.equal(
          shown.reduce((sum, line) => sum + line.text.length + (line.cut ?? 0), 0),
          written,
        );
        assert.ok(shown.every((line) => line.text.length <= LINE_LIMIT));
        for (const line of renderer.render(all)) {
          assert.ok(!isSteering(line.replace(COLOUR, '')));
          if (style === 'plain') assert.ok(!line.includes('\u001b'));
        }
      }),
      RUNS,
    );
  });

  function logEvent(one: { container: string; text: string | undefined; continues?: boolean }): LogEvent {
    const { container, text } = one;
    if (text === undefined) return { type: 'ended', pod: 'pod', container, restart: 0 };
    return { type: 'line', line: { ...source, container, text, ...(one.continues ? { continues: true } : {}) } };
  }
});

const COLOUR = new RegExp(`${String.fromCharCode(0x1b)}\\[[\\d;]*m`, 'g');

/** Whether there are control characters in it, or what turns the direction of writing. */
function isSteering(line: string): boolean {
  return Array.from(line, (character) => character.charCodeAt(0)).some(
    (code) => (code < 0x20 && code !== 0x09) || (code >= 0x7f && code <= 0x9f) || (code >= 0x2028 && code <= 0x202e),
  );
}

function linesOf(chunks: readonly Buffer[], maxLength?: number): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line), maxLength);
  for (const chunk of chunks) splitter.write(chunk);
  splitter.end();
  return lines;
}

function recordsOf(chunks: readonly Buffer[], maxBytes: number): LogRecord[] {
  const records: LogRecord[] = [];
  const splitter = new RecordSplitter((record) => records.push(record), maxBytes);
  for (const chunk of chunks) splitter.write(chunk);
  return records;
}
