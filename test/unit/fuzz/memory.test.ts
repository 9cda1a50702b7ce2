import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Batcher } from '../../../src/editor/logs/batcher';
import { LINE_LIMIT, LineAssembler } from '../../../src/editor/logs/line-assembler';
import { Renderer } from '../../../src/editor/logs/renderer';
import { EntryRing } from '../../../src/editor/logs/ring';
import type { LogEvent } from '../../../src/logs';
import { EventQueue } from '../../../src/logs/event-queue';
import { RecordSplitter } from '../../../src/logs/record-splitter';
import { ResumePoint } from '../../../src/logs/resume-point';
import { LineSplitter, Redactor, TailBuffer } from '../../../src/tools';
import { FakeClock, words } from '../editor/log-fakes';
import { LONG } from './support';

const MIB = 1024 * 1024;
/** Of a log of many lines. */
const LOG_BYTES = LONG ? 1024 * MIB : 100 * MIB;
/** Of a log of one line. */
const LINE_BYTES = 10 * MIB;
const MAX_GROWTH = 64 * MIB;
const CHUNK = 64 * 1024;
const STAMP = '2026-11-24T07:18:57.123456789Z';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is in use, also outside of the heap, bytes. */
function used(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Does something with every chunk of so many bytes, and sees every now and then how much memory is kept. */
async function inBoundedMemory(bytes: number, chunk: Buffer, take: (chunk: Buffer) => unknown): Promise<void> {
  const before = used();
  const count = Math.ceil(bytes / chunk.length);
  for (let number = 1; number <= count; number++) {
    await take(chunk);
    if (number % Math.ceil(count / 10) !== 0) continue;
    const growth = used() - before;
    assert.ok(growth < MAX_GROWTH, `${Math.round(growth / MIB)} MiB more after ${number} of ${count} chunks`);
  }
}

/** Everything that a log goes through on its way to a view, in the extension's own order. */
class LogPath {
  shown = 0;
  left = 0;
  private readonly queue = new EventQueue<LogEvent>(1000);
  private readonly point = new ResumePoint();
  private readonly assembler = new LineAssembler();
  private readonly clock = new FakeClock();
  private readonly ring = new EntryRing();
  private readonly renderer = new Renderer('coloured', words);
  private readonly batcher = new Batcher((batch) => {
    this.ring.push(batch);
    this.shown += this.renderer.render(batch).length;
    for (const entry of batch) if (entry.type === 'omitted') this.left += entry.lines;
  }, this.clock);
  private readonly splitter = new RecordSplitter(({ timestamp = STAMP, text, continues }) => {
    this.point.record(timestamp);
    const line = { pod: 'pod', podUid: 'uid', container: 'app', restart: 0, timestamp, text };
    this.queue.push({ type: 'line', line: continues ? { ...line, continues } : line });
  });

  async take(chunk: Buffer): Promise<void> {
    this.splitter.write(chunk);
    while (this.queue.size > 0) {
      const { value } = await this.queue.next();
      for (const event of value ?? []) for (const entry of this.assembler.take(event)) this.batcher.push(entry);
    }
    this.clock.advance(1);
  }

  /** What the view has at the end. */
  end() {
    this.clock.advance(1000);
    return this.ring.all;
  }
}

describe('memory', () => {
  const line = `${STAMP} ${'a line of a log with an ümlaut and \u001b[31mcolour\u001b[0m '.padEnd(120, '.')}\n`;
  const lines = Buffer.from(line.repeat(Math.floor(CHUNK / Buffer.byteLength(line))));
  const piece = Buffer.alloc(CHUNK, 'x');

  it(`stays bounded while a log of ${LOG_BYTES / MIB} MiB goes by`, async () => {
    const path = new LogPath();
    await inBoundedMemory(LOG_BYTES, lines, (chunk) => path.take(chunk));
    const kept = path.end();
    assert.ok(path.shown > 0 && path.left > 0 && kept.length <= 5000);
  }).timeout(600_000);

  it('stays bounded while one line of 10 MiB goes by', async () => {
    const path = new LogPath();
    await path.take(Buffer.from(`${STAMP} `));
    await inBoundedMemory(LINE_BYTES, piece, (chunk) => path.take(chunk));
    await path.take(Buffer.from('\n'));
    const [shown] = path.end();
    assert.ok(shown?.type === 'line');
    assert.equal(shown.line.text.length, LINE_LIMIT);
    assert.equal(shown.line.cut, LINE_BYTES - LINE_LIMIT);
  });

  it('stays bounded while as much comes from a tool, in lines or in one', async () => {
    for (const [bytes, chunk] of [
      [LOG_BYTES / 10, lines],
      [LINE_BYTES, piece],
    ] as const) {
      const redactor = new Redactor();
      redactor.add('secret');
      const tail = new TailBuffer(MIB);
      let length = 0;
      const splitter = new LineSplitter((text) => (length += redactor.redact(text).length));
      await inBoundedMemory(bytes, chunk, (part) => {
        tail.write(part);
        splitter.write(part);
      });
      splitter.end();
      assert.ok(length > bytes / 2 && tail.toString().length <= MIB);
    }
  }).timeout(600_000);
});
