import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RecordSplitter } from '../../../src/logs/record-splitter';
import { ResumePoint } from '../../../src/logs/resume-point';
import { timestampOf, type Timestamp } from '../../../src/logs/timestamp';

interface Line {
  readonly timestamp: Timestamp;
  readonly bytes: Buffer;
}

const START = Date.UTC(2026, 10, 24, 7, 18, 57);

/** What the kubelet answers for `sinceTime`: lines of that second or later, in the order of the file. */
function kubelet(lines: readonly Line[], sinceTime: string | undefined, tailLines?: number): Buffer {
  const tail = tailLines === undefined ? lines : lines.slice(Math.max(0, lines.length - tailLines));
  return Buffer.concat(
    tail
      .filter(({ timestamp }) => sinceTime === undefined || timestamp.slice(0, 19) >= sinceTime.slice(0, 19))
      .flatMap(({ timestamp, bytes }) => [Buffer.from(`${timestamp} `), bytes, Buffer.from('\n')]),
  );
}

/** Reads until `cut` bytes have come, as one connection would; returns the texts delivered. */
function readUntil(point: ResumePoint, body: Buffer, cut: number, chunkSize: number, maxBytes: number): string[] {
  const delivered: string[] = [];
  const replay = point.replay();
  const splitter = new RecordSplitter(({ timestamp, text, continues }) => {
    assert.ok(timestamp !== undefined);
    if (!replay.isNew(timestamp)) return;
    assert.ok(replay.overlaps, 'a stream of the same log repeats what was delivered');
    point.record(timestamp);
    delivered.push(continues ? text : `${text}\n`);
  }, maxBytes);
  for (let at = 0; at < cut; at += chunkSize) splitter.write(body.subarray(at, Math.min(cut, at + chunkSize)));
  return delivered;
}

/** Lines whose timestamps often repeat, often jump over seconds, and sometimes step back a little. */
const linesOf = (step: fc.Arbitrary<number>) =>
  fc
    .array(
      fc.tuple(
        step,
        fc.oneof(
          fc.string({ unit: 'grapheme', maxLength: 80 }).map((text) => Buffer.from(text)),
          fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
        ),
      ),
      { maxLength: 80 },
    )
    .map((steps): Line[] => {
      let now = START;
      return steps.map(([milliseconds, bytes], index) => {
        now += milliseconds;
        const clean = Buffer.from(bytes.filter((byte) => byte !== 0x0a && byte !== 0x0d));
        return { timestamp: timestampOf(new Date(now)), bytes: Buffer.concat([Buffer.from(`${index}:`), clean]) };
      });
    });

const whole = (lines: readonly Line[]) => lines.map(({ bytes }) => `${bytes.toString('utf8')}\n`).join('');

describe('ResumePoint', () => {
  const cuts = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 200 })), {
    maxLength: 8,
  });

  function checkExactlyOnce(
    lines: readonly Line[],
    connections: readonly (readonly [number, number])[],
    remembered: number,
  ): void {
    const point = new ResumePoint(undefined, false, remembered);
    const delivered: string[] = [];
    for (const [share, chunkSize] of [...connections, [1, 50] as const]) {
      const body = kubelet(lines, point.sinceTime);
      delivered.push(...readUntil(point, body, Math.floor(share * body.length), chunkSize, 16));
    }
    assert.deepEqual(delivered.join(''), validPieces(lines));
  }

  /** Pieces are decoded one by one, so bytes that are not UTF-8 may be replaced differently at a cut: compare likewise. */
  function validPieces(lines: readonly Line[]): string {
    const texts: string[] = [];
    const splitter = new RecordSplitter(({ text, continues }) => texts.push(continues ? text : `${text}\n`), 16);
    splitter.write(kubelet(lines, undefined));
    return texts.join('');
  }

  it('delivers every line once, whatever the timestamps and wherever connections break', () => {
    fc.assert(
      fc.property(linesOf(fc.constantFrom(0, 0, 0, 1, 7, 400, 1000, 65_000)), cuts, (lines, connections) =>
        checkExactlyOnce(lines, connections, 1024),
      ),
      { numRuns: 1000 },
    );
  });

  it('does so too when it remembers little', () => {
    fc.assert(
      fc.property(
        linesOf(fc.constantFrom(0, 0, 1, 300, 1000)),
        cuts,
        fc.integer({ min: 1, max: 4 }),
        (lines, connections, remembered) => checkExactlyOnce(lines, connections, remembered),
      ),
      { numRuns: 1000 },
    );
  });

  it('does so for lines recorded out of order, also around the turn of a second', () => {
    fc.assert(
      fc.property(linesOf(fc.constantFrom(0, 1, 1, -1, -2, 5, 400)), cuts, (lines, connections) =>
        checkExactlyOnce(lines, connections, 1024),
      ),
      { numRuns: 1000 },
    );
  });

  it('leaves out what is older than asked for', () => {
    fc.assert(
      fc.property(linesOf(fc.constantFrom(0, 1, 250, 1000)), cuts, fc.nat(20_000), (lines, connections, offset) => {
        const from = timestampOf(new Date(START + offset));
        const point = new ResumePoint(from);
        const delivered: string[] = [];
        for (const [share, chunkSize] of [...connections, [1, 50] as const]) {
          const body = kubelet(lines, point.sinceTime);
          delivered.push(...readUntil(point, body, Math.floor(share * body.length), chunkSize, 1000));
        }
        assert.equal(delivered.join(''), whole(lines.filter(({ timestamp }) => timestamp >= from)));
      }),
    );
  });

  it('does not go back before the first line of a tail', () => {
    fc.assert(
      fc.property(
        linesOf(fc.constantFrom(1, 250, 1000)),
        cuts,
        fc.integer({ min: 1, max: 50 }),
        (lines, breaks, tail) => {
          const point = new ResumePoint(undefined, true);
          const delivered: string[] = [];
          for (const [share, chunkSize] of [...breaks, [1, 50] as const]) {
            const body = kubelet(lines, point.sinceTime, point.last === undefined ? tail : undefined);
            delivered.push(...readUntil(point, body, Math.floor(share * body.length), chunkSize, 1000));
          }
          assert.equal(delivered.join(''), whole(lines.slice(-tail)));
        },
      ),
    );
  });

  it('sees that a stream is not the continuation', () => {
    const point = new ResumePoint();
    point.record('2026-11-24T07:18:57.500000000Z');
    const replay = point.replay();
    assert.equal(replay.isNew('2026-11-24T07:18:58.000000000Z'), true);
    assert.equal(replay.overlaps, false);
  });
});
