import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { Failure } from '../../../src/base';
import type { BuildEvent, BuildStep } from '../../../src/build';
import { ClassicLog } from '../../../src/build/classic';
import { buildFailure } from '../../../src/build/failures';
import { MAX_OBJECT_LENGTH, RawJsonReader, type SolveStatus } from '../../../src/build/rawjson';
import { readSolveError } from '../../../src/build/solve-error';
import { StepTracker } from '../../../src/build/steps';
import { LineSplitter, Redactor } from '../../../src/tools';
import { fixture } from '../build/support';
import { temporaryFolder } from '../project/temporary-repository';
import { babble, cuts, damaged, LONG_TEXT, long, pieces, RUNS } from './support';

const RAW = ['cached', 'failing-run', 'missing-source', 'success', 'syntax-error', 'unknown-base'].map((name) =>
  fixture(`${name}.rawjson`),
);
/** As later versions of buildx write them: each object on a line of its own. */
const COMPACT = RAW.map((output) => {
  const { statuses, text } = readRaw([Buffer.from(output)]);
  return [...statuses.map((status) => JSON.stringify(status)), ...text].join('\n');
});
const RAW_WORDS = [
  ...[
    '{',
    '}',
    '[',
    ']',
    '"',
    ':',
    ',',
    '\n',
    '{}\n',
    'null',
    '{"vertexes":[',
    '{"logs":[{"vertex":"a","data":"',
    '"digest"',
  ],
  ...['"started"', '"completed"', '"error"', '"name"', '"cached"', 'true', '1', 'ERROR: failed to solve: ', '>>> '],
];
const raw = fc.oneof(damaged([...RAW, ...COMPACT], RAW_WORDS), babble(RAW_WORDS));

/** Some of BuildKit's fields, with values of the right kind most of the time. */
function fields(kinds: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<unknown> {
  const likely = Object.entries(kinds).map(([name, kind]) => [
    name,
    fc.oneof({ weight: 9, arbitrary: kind }, { weight: 1, arbitrary: fc.jsonValue() }),
  ]);
  const record = fc.record(Object.fromEntries(likely) as Record<string, fc.Arbitrary<unknown>>, { requiredKeys: [] });
  return fc.oneof({ weight: 9, arbitrary: record }, { weight: 1, arbitrary: fc.jsonValue() });
}

const id = fc.constantFrom('sha256:a', 'sha256:b', '__proto__');
const time = fc.constantFrom(
  '2026-01-01T00:00:00.000000001Z',
  '2026-01-01T00:00:05Z',
  'soon',
  '',
  '9999-99-99T99:99:99Z',
);
const data = fc.oneof(
  fc.string().map((text) => Buffer.from(text).toString('base64')),
  fc.constantFrom('YQo=', 'YWJjCg==', '%', 'ÿ', 'w7', '/w=='),
);
const status = fields({
  vertexes: fc.array(
    fields({
      digest: id,
      name: fc.constantFrom('[1/2] RUN x', '[base 2/2] COPY', '[internal] x', 'importing cache manifest from x', ''),
      started: time,
      completed: time,
      cached: fc.boolean(),
      error: fc.constantFrom('context canceled', 'exit code: 1', ''),
    }),
  ),
  statuses: fc.array(fields({ id, vertex: id, name: fc.string(), current: fc.integer(), total: fc.nat() })),
  logs: fc.array(fields({ vertex: id, stream: fc.constantFrom(1, 2), data })),
  warnings: fc.array(fields({ short: data, range: fc.array(fields({ start: fields({ line: fc.integer() }) })) })),
});

describe("fuzzing a builder's output", () => {
  it('reads the same however the bytes of rawjson are cut, and loses none of its words', () => {
    fc.assert(
      fc.property(raw, cuts, (output, places) => {
        const bytes = Buffer.from(output);
        const whole = readRaw([bytes]);
        assert.deepEqual(readRaw(pieces(bytes, places)), whole);
        // Each line that begins an object became one, or is told as text, as all others are, in their order.
        const begins = (line: string) => line.startsWith('{');
        assert.equal(whole.text.filter(begins).length + whole.statuses.length, whole.lines.filter(begins).length);
        let at = -1;
        for (const line of whole.text) assert.ok((at = whole.lines.indexOf(line, at + 1)) >= 0);
      }),
      RUNS,
    );
  });

  it('makes steps of whatever BuildKit says, with times that are some', () => {
    const output = fc.oneof(
      fc.array(status, { maxLength: 8 }).map((list) => list.map((one) => JSON.stringify(one)).join('\n')),
      raw,
    );
    fc.assert(
      fc.property(output, (text) => {
        const events: BuildEvent[] = [];
        const tracker = new StepTracker({ redactor: new Redactor(), onEvent: (event) => events.push(event) });
        for (const one of readRaw([Buffer.from(text)]).statuses) tracker.take(one);
        tracker.end();
        for (const step of tracker.steps) checkStep(step);
        for (const event of events) checkEvent(event);
        assert.equal(typeof (tracker.failed?.error ?? ''), 'string');
      }),
      RUNS,
    );
  });

  it('reads any log of the classic builder', () => {
    const words = [
      'Step ',
      '1',
      '/',
      '2',
      ' : ',
      'RUN x',
      '\n',
      ' ---> Using cache',
      '\u001b[91m',
      '\u001b[0m',
      'Removing',
    ];
    const logs = fc.oneof(damaged([fixture('classic.txt'), fixture('classic-failing-run.txt')], words), babble(words));
    fc.assert(
      fc.property(logs, fc.constantFrom('done', 'failed'), (text, end) => {
        const events: BuildEvent[] = [];
        let now = 0;
        const instructions = [{ keyword: 'FROM', lines: { first: 1, last: 1 } }];
        const log = new ClassicLog(
          instructions,
          (event) => events.push(event),
          () => now++,
        );
        for (const line of text.split('\n')) log.line(line);
        for (const step of log.finish(end)) checkStep(step);
        for (const event of events) checkEvent(event);
      }),
      RUNS,
    );
  });

  it('explains whatever a builder ends with, at a place that the Dockerfile has', async () => {
    const root = await temporaryFolder();
    const dockerfile = join(root, 'Dockerfile');
    await writeFile(dockerfile, 'FROM a\n\n  RUN x\n');
    const request = { dockerfile, context: root, platforms: [], buildArgs: {}, tags: [] };
    const words = [
      ...[
        'ERROR: ',
        'failed to solve: ',
        'failed to ',
        'not found',
        '"',
        ': ',
        '\n',
        '   3 | >>> RUN x',
        '99999999999 | >>> x',
      ],
      ...[
        'dockerfile parse error on line ',
        '0',
        '3',
        '12345678901234567890',
        'exit code: ',
        'failed to calculate checksum of ref x "/y": ',
      ],
      ...[
        'no space left on device',
        'failed to push x: ',
        'denied',
        'no such host',
        'target stage "',
        'could not be found',
      ],
      ...['exec format error', 'error from sender: ', 'pull access denied for ', 'no match for platform', '--from=x '],
    ];
    const message = fc.oneof(damaged([...RAW, fixture('classic-failing-run.stderr.txt')], words), babble(words));
    await fc.assert(
      fc.asyncProperty(message, babble(words), fc.boolean(), async (text, output, started) => {
        const { message, lines } = readSolveError(text.split('\n'));
        const failed = started ? { name: output, output: output.split('\n') } : undefined;
        const failure = await buildFailure({ request, message, lines, failed, started });
        assert.ok(failure instanceof Failure && failure.summary !== '');
        if (failure.range?.file !== dockerfile) return;
        const content = ['FROM a', '', '  RUN x', ''];
        for (const { line, column } of [failure.range.start, failure.range.end]) {
          assert.ok(column >= 1 && column <= (content[line - 1]?.length ?? -1) + 1);
        }
      }),
      RUNS,
    );
  });
});

describe("fuzzing a builder's long output", () => {
  it('reads an object on one line of ten megabytes', () => {
    const line = Buffer.alloc(7_500_000, 'one line of output\n').toString('base64');
    const { statuses, text } = readRaw([Buffer.from(`{"logs":[{"vertex":"a","data":"${line}"}]}\nERROR: x\n`)]);
    assert.equal(statuses[0]?.logs?.[0]?.data?.length, line.length);
    assert.deepEqual(text, ['ERROR: x']);
  });

  it('keeps no object that does not end', () => {
    let given = 0;
    const reader = new RawJsonReader(
      () => assert.fail('no object ends'),
      (line) => (given += line.length),
    );
    const line = 'x'.repeat(64 * 1024);
    reader.line('{');
    for (let length = 0; length < 4 * MAX_OBJECT_LENGTH; length += line.length) reader.line(line);
    assert.ok(given > 3 * MAX_OBJECT_LENGTH);
  });

  for (const part of [
    '}\n',
    '{\n}\n',
    '{x}\n',
    'COPY failed: stat ',
    'lstat ',
    'cache export ',
    'error on line 1',
    '1 | >>> \n',
    '"a" ',
  ]) {
    it(`comes to an end with ${JSON.stringify(part)} again and again`, async () => {
      const { text } = readRaw([Buffer.from(`{\n${long(part)}`)]);
      const { message, lines } = readSolveError(['ERROR: failed to solve: ', ...text]);
      assert.ok(message.length < 100_000);
      const request = { dockerfile: '/none', context: '/none', platforms: [], buildArgs: {}, tags: [] };
      await buildFailure({ request, message, lines, failed: { name: part, output: [] }, started: true });
    }).timeout(60_000);
  }

  it('knows a step by a name that is as long', () => {
    for (const part of ['1', '1/', 'a ', ']']) {
      const tracker = new StepTracker({ redactor: new Redactor(), onEvent: () => undefined });
      tracker.take({ vertexes: [{ digest: 'a', name: `[${long(part, 10 * LONG_TEXT)}`, started: '' }] });
      assert.deepEqual(tracker.steps, []);
    }
  });
});

/** What comes out of rawjson that arrives in pieces, and the lines that it consists of. */
function readRaw(chunks: readonly Buffer[]) {
  const statuses: SolveStatus[] = [];
  const text: string[] = [];
  const lines: string[] = [];
  const reader = new RawJsonReader(
    (one) => statuses.push(one),
    (line) => text.push(line),
  );
  const splitter = new LineSplitter((line) => {
    lines.push(line);
    reader.line(line);
  }, MAX_OBJECT_LENGTH);
  for (const chunk of chunks) splitter.write(chunk);
  splitter.end();
  reader.end();
  return { statuses, text, lines };
}

function checkStep({ id, name, durationMs = 0 }: BuildStep): void {
  assert.ok(typeof id === 'string' && typeof name === 'string');
  assert.ok(Number.isFinite(durationMs) && durationMs >= 0);
}

function checkEvent(event: BuildEvent): void {
  if (event.type === 'step') checkStep(event.step);
  if (event.type === 'output') assert.ok(typeof event.text === 'string' && !event.text.includes('\n'));
  if (event.type === 'transfer') assert.ok(typeof event.current === 'number' && typeof event.name === 'string');
}
