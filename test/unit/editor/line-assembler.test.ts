import assert from 'node:assert/strict';
import { LINE_LIMIT, LineAssembler } from '../../../src/editor/logs/line-assembler';
import type { LogEntry } from '../../../src/editor/logs/entries';
import { OTHER_POD, ended, lineEvent, started } from './log-fakes';

const PIECE = 'x'.repeat(64 * 1024);

describe('lines put together', () => {
  let assembler: LineAssembler;
  const take = (...events: Parameters<LineAssembler['take']>[0][]) => events.flatMap((event) => assembler.take(event));

  beforeEach(() => (assembler = new LineAssembler()));

  it('lets short lines and events pass', () => {
    assert.deepEqual(take(started(), lineEvent('one')), [started(), lineEvent('one')]);
  });

  it('makes one bounded line of ten megabytes in pieces', () => {
    const pieces = Array.from({ length: 160 }, () => lineEvent(PIECE, { continues: true }));
    const [entry, ...more] = take(...pieces, lineEvent('end'));
    assert.deepEqual(more, []);
    assert.equal(textOf(entry), 'x'.repeat(LINE_LIMIT));
    assert.equal(cutOf(entry), 160 * PIECE.length + 3 - LINE_LIMIT);
  });

  it('cuts a long line in one piece', () => {
    const [entry] = take(lineEvent(PIECE));
    assert.equal(textOf(entry)?.length, LINE_LIMIT);
    assert.equal(cutOf(entry), PIECE.length - LINE_LIMIT);
  });

  it('keeps the pieces of two containers apart', () => {
    const entries = take(
      lineEvent('a1 ', { continues: true }),
      lineEvent('b1 ', { pod: OTHER_POD, continues: true }),
      lineEvent('a2'),
      lineEvent('b2', { pod: OTHER_POD }),
    );
    assert.deepEqual(entries.map(textOf), ['a1 a2', 'b1 b2']);
  });

  it('delivers what there is of a line whose end never came', () => {
    assert.deepEqual(take(lineEvent('begun', { continues: true }), ended()).map(textOf), ['begun', undefined]);
  });
});

function textOf(entry: LogEntry | undefined): string | undefined {
  return entry?.type === 'line' ? entry.line.text : undefined;
}

function cutOf(entry: LogEntry | undefined): number | undefined {
  return entry?.type === 'line' ? entry.line.cut : undefined;
}
