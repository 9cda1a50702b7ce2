import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Batcher } from '../../../src/editor/logs/batcher';
import { sizeOf, type LogEntry } from '../../../src/editor/logs/entries';
import { FakeClock, ended, lineEvent, started } from './log-fakes';

describe('a batcher', () => {
  let clock: FakeClock;
  let batches: (readonly LogEntry[])[];
  let batcher: Batcher;

  beforeEach(() => {
    clock = new FakeClock();
    batches = [];
    batcher = new Batcher((batch) => batches.push(batch), clock);
  });

  it('hands on at once when it has been quiet', () => {
    batcher.push(started());
    batcher.push(lineEvent('first'));
    clock.advance(0);
    assert.deepEqual(batches, [[started(), lineEvent('first')]]);
  });

  it('hands on no more than every 50 ms then, and at once after a pause', () => {
    batcher.push(lineEvent('1'));
    clock.advance(10);
    batcher.push(lineEvent('2'));
    clock.advance(39);
    assert.equal(batches.length, 1);
    clock.advance(1);
    assert.deepEqual(batches[1], [lineEvent('2')]);
    clock.advance(1000);
    batcher.push(lineEvent('3'));
    clock.advance(0);
    assert.deepEqual(batches[2], [lineEvent('3')]);
  });

  it('waits for nothing while nothing comes', () => {
    batcher.push(lineEvent('1'));
    clock.advance(1000);
    assert.equal(clock.waiting, 0);
  });

  it('hands on a thousand ordinary lines without leaving one out', () => {
    for (let number = 0; number < 1000; number++) batcher.push(lineEvent(`line ${number}`.padEnd(200)));
    clock.advance(0);
    assert.equal(batches.flat().length, 1000);
  });

  const MIB = 1024 * 1024;

  /** Lines of a hundred characters, a batch of them every 10 ms. */
  function write(linesPerSecond: number, seconds: number): number {
    let written = 0;
    for (let step = 0; step < seconds * 100; step++) {
      for (let more = 0; more < linesPerSecond / 100; more++) batcher.push(lineEvent(`line ${written++} `.padEnd(100)));
      clock.advance(10);
    }
    return written;
  }

  function linesShown(): number {
    return batches.flat().filter(({ type }) => type === 'line').length;
  }

  for (const [rate, seconds] of [
    [50_000, 5],
    [10_000, 60],
  ] as const) {
    it(`leaves none out of ${rate} lines a second for ${seconds} s`, () => {
      const written = write(rate, seconds);
      clock.advance(1000);
      assert.equal(linesShown(), written);
    });
  }

  it('shows all again of what comes slowly after a flood', () => {
    write(100_000, 5);
    clock.advance(1000);
    batches = [];
    const written = write(10_000, 5);
    clock.advance(1000);
    assert.equal(linesShown(), written);
  });

  describe('in a flood of 100,000 lines a second', () => {
    const SECONDS = 10;
    let written: number;

    beforeEach(() => {
      written = write(100_000, SECONDS);
    });

    it('hands on what a view can take, and a count of the rest', () => {
      clock.advance(1000);
      const shown = batches.flat();
      const size = shown.reduce((sum, entry) => sum + sizeOf(entry), 0);
      assert.ok(size < (32 + 4 * 2) * MIB + (SECONDS - 3) * (MIB / 4), `${size} are too many`);
      assert.equal(countOf(shown), written);
    });

    it('comes in few batches with one count each', () => {
      for (const batch of batches) {
        assert.ok(batch.filter(({ type }) => type === 'omitted').length <= 1);
      }
      assert.ok(batches.length < SECONDS * 20, `${batches.length} are too many`);
    });

    it('ends with the last line written', () => {
      batcher.push(lineEvent('Traceback'));
      clock.advance(1000);
      assert.deepEqual(batches.at(-1)?.at(-1), lineEvent('Traceback'));
    });
  });

  it('never leaves out what is no line, and keeps everything in order', () => {
    const entry = fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 0, max: 400_000 }).map((length) => lineEvent('x'.repeat(length))) },
      { weight: 1, arbitrary: fc.constant(started()) },
      { weight: 1, arbitrary: fc.constant(ended()) },
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(entry, fc.integer({ min: 0, max: 100 })), { maxLength: 60 }), (pushes) => {
        const time = new FakeClock();
        const shown: LogEntry[] = [];
        const bounded = new Batcher((batch) => shown.push(...batch), time);
        for (const [pushed, pause] of pushes) {
          bounded.push(pushed);
          time.advance(pause);
        }
        time.advance(10_000);
        const events = ({ type }: LogEntry) => type === 'started' || type === 'ended';
        assert.deepEqual(shown.filter(events), pushes.map(([pushed]) => pushed).filter(events));
        assert.equal(countOf(shown), pushes.filter(([{ type }]) => type === 'line').length);
      }),
      { numRuns: 50 },
    );
  });

  it('goes through what is no line a few times at most, however much of it comes at once', () => {
    const COUNT = 200_000;
    let looks = 0;
    const counted: LogEntry = {
      get type() {
        looks += 1;
        return 'started' as const;
      },
      pod: 'a',
      container: 'b',
      restart: 0,
    };
    for (let pushed = 0; pushed < COUNT; pushed++) batcher.push(counted);
    clock.advance(0);
    assert.equal(batches.flat().length, COUNT);
    assert.ok(looks < 20 * COUNT, `${looks} looks`);
  });

  it('hands on nothing after its end', () => {
    batcher.push(lineEvent('1'));
    batcher.dispose();
    batcher.push(lineEvent('2'));
    clock.advance(1000);
    assert.deepEqual(batches, []);
  });
});

/** Lines shown and lines counted. */
function countOf(entries: readonly LogEntry[]): number {
  return entries.reduce((sum, entry) => {
    if (entry.type === 'omitted') return sum + entry.lines;
    return entry.type === 'line' ? sum + 1 : sum;
  }, 0);
}
