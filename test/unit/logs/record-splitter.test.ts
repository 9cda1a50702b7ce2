import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RecordSplitter, type LogRecord } from '../../../src/logs/record-splitter';

const T = '2026-11-24T07:18:57.123456789Z';

function split(
  chunks: readonly Buffer[],
  maxBytes?: number,
): { records: LogRecord[]; remainder: LogRecord | undefined } {
  const records: LogRecord[] = [];
  const splitter = new RecordSplitter((record) => records.push(record), maxBytes);
  for (const chunk of chunks) splitter.write(chunk);
  return { records, remainder: splitter.remainder() };
}

function cutAt(data: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...new Set(cuts.map((cut) => cut % (data.length + 1)))].sort((a, b) => a - b);
  const starts = [0, ...ends];
  return starts.map((start, index) => data.subarray(start, starts[index + 1] ?? data.length));
}

describe('RecordSplitter', () => {
  it('tells timestamp and text apart', () => {
    const { records, remainder } = split([Buffer.from(`${T} hello world\n${T} \n${T} \u001b[31mred\u001b[0m\r\n`)]);
    assert.deepEqual(records, [
      { timestamp: T, text: 'hello world', continues: false },
      { timestamp: T, text: '', continues: false },
      { timestamp: T, text: '\u001b[31mred\u001b[0m', continues: false },
    ]);
    assert.equal(remainder, undefined);
  });

  it('brings every RFC 3339 form into one', () => {
    const { records } = split([Buffer.from('2026-11-24T07:18:57.1Z a\n2026-11-24T09:18:57.120+02:00 b\n')]);
    assert.deepEqual(
      records.map((record) => record.timestamp),
      ['2026-11-24T07:18:57.100000000Z', '2026-11-24T07:18:57.120000000Z'],
    );
  });

  it('recognizes what the kubelet itself wrote', () => {
    const { records, remainder } = split([Buffer.from(`rest of an older line\n${T} line\nrpc error: code = NotFound`)]);
    assert.deepEqual(
      records.map((record) => record.timestamp),
      [undefined, T],
    );
    assert.deepEqual(remainder, { timestamp: undefined, text: 'rpc error: code = NotFound', continues: false });
  });

  it('takes a time that is none for text', () => {
    const text = '9999-99-99T99:99:99.999999999Z not a time';
    assert.deepEqual(split([Buffer.from(`${text}\n`)]).records, [{ timestamp: undefined, text, continues: false }]);
  });

  it('keeps a line without line break apart as remainder', () => {
    const { records, remainder } = split([Buffer.from(`${T} whole\n${T} without`)]);
    assert.equal(records.length, 1);
    assert.deepEqual(remainder, { timestamp: T, text: 'without', continues: false });
  });

  it('replaces bytes that are not UTF-8', () => {
    const { records } = split([
      Buffer.concat([Buffer.from(`${T} a`), Buffer.from([0xff, 0xc3]), Buffer.from('\nx\n')]),
    ]);
    assert.deepEqual(
      records.map((record) => record.text),
      ['a\ufffd\ufffd', 'x'],
    );
  });

  it('hands on a line of 10 MiB in pieces of at most 64 KiB', () => {
    const text = 'ä'.repeat(5 * 1024 * 1024);
    const data = Buffer.from(`${T} ${text}\n`);
    const { records } = split(
      cutAt(
        data,
        Array.from({ length: 200 }, (_, index) => index * 60_007),
      ),
    );
    assert.equal(records.map((record) => record.text).join(''), text);
    assert.ok(records.every((record) => Buffer.byteLength(record.text) <= 64 * 1024 && record.timestamp === T));
    assert.deepEqual(
      [records.at(-1)?.continues, records.slice(0, -1).every((record) => record.continues)],
      [false, true],
    );
  });

  it('yields the same records however the bytes arrive', () => {
    const line = fc.record({
      timestamped: fc.boolean(),
      bytes: fc.oneof(
        fc.string({ unit: 'grapheme', maxLength: 60 }).map((text) => Buffer.from(text)),
        fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      ),
    });
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 20 }),
        fc.array(fc.nat(5000), { maxLength: 60 }),
        fc.integer({ min: 5, max: 30 }),
        (lines, cuts, maxBytes) => {
          const data = Buffer.concat(
            lines.flatMap(({ timestamped, bytes }) => [
              Buffer.from(timestamped ? `${T} ` : ''),
              Buffer.from(bytes.filter((byte) => byte !== 0x0a)),
              Buffer.from('\n'),
            ]),
          );
          assert.deepEqual(split(cutAt(data, cuts), maxBytes).records, split([data], maxBytes).records);
        },
      ),
      { numRuns: 500 },
    );
  });
});
