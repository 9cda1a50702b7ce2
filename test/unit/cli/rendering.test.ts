import assert from 'node:assert/strict';
import { Failure } from '../../../src/base';
import { jsonRenderer } from '../../../src/cli/json';
import { liveRenderer } from '../../../src/cli/live';
import { Style, fit, formatDuration } from '../../../src/cli/style';
import { plainRenderer } from '../../../src/cli/text';
import type { RunEvent } from '../../../src/run';
import { FakeOutput } from './fake-output';

const plainStyle = new Style(false);

const failure = new Failure({
  code: 'build-failed',
  fault: 'app',
  summary: 'The build failed in line 7.',
  evidence: ['pip: no such package'],
  nextSteps: ['Look at app/requirements.txt.'],
  range: { file: '/repo/app/Dockerfile', start: { line: 7, column: 1 }, end: { line: 7, column: 9 } },
});

function logLine(pod: string, text: string, more: { unterminated?: true } = {}): RunEvent {
  const line = { pod, podUid: pod, container: 'app', restart: 0, timestamp: '2026-01-01T00:00:00Z', text, ...more };
  return { type: 'log', app: 'sampleapp', event: { type: 'line', line } };
}

describe('vapp: JSON', () => {
  it('writes one event a line, with its time', () => {
    const out = new FakeOutput();
    const renderer = jsonRenderer(out, () => new Date('2026-01-02T03:04:05Z'));
    renderer.event({ type: 'step', step: 'build', app: 'a', state: 'started' });
    renderer.event({ type: 'warning', message: 'two\nlines' });
    const lines = out.text.trimEnd().split('\n');
    assert.equal(lines.length, 2);
    assert.deepEqual(JSON.parse(lines[0]!), {
      time: '2026-01-02T03:04:05.000Z',
      type: 'step',
      step: 'build',
      app: 'a',
      state: 'started',
    });
  });

  it('writes a failure with all that a person would be told', () => {
    const out = new FakeOutput();
    jsonRenderer(out).outcome({ status: 'failed', failure });
    const outcome = JSON.parse(out.text) as { type: string; failure: Record<string, unknown> };
    assert.equal(outcome.type, 'outcome');
    assert.deepEqual(Object.keys(outcome.failure).sort(), [
      'code',
      'evidence',
      'fault',
      'nextSteps',
      'range',
      'related',
      'summary',
    ]);
  });
});

describe('vapp: plain text', () => {
  it('marks a line without a line break', () => {
    const [out, err] = [new FakeOutput(), new FakeOutput()];
    plainRenderer(out, err, new Style(false)).event(logLine('a', 'torn', { unterminated: true }));
    assert.equal(out.text, 'torn … (no line break follows)\n');
  });

  it('keeps log lines and the story of the job apart', () => {
    const [out, err] = [new FakeOutput(), new FakeOutput()];
    const renderer = plainRenderer(out, err, plainStyle);
    renderer.event({ type: 'step', step: 'build', app: 'a', state: 'started' });
    renderer.event({ type: 'step', step: 'build', app: 'a', state: 'finished', durationMs: 1234, message: '10 MB' });
    renderer.event(logLine('a-1', 'hello'));
    assert.equal(out.text, 'hello\n');
    assert.equal(err.text, '· Build a …\n✓ Build a 1.23 s  10 MB\n');
  });

  it('names the pod as soon as there is more than one', () => {
    const out = new FakeOutput();
    const renderer = plainRenderer(out, new FakeOutput(), plainStyle);
    renderer.event(logLine('a-1', 'one'));
    renderer.event(logLine('a-2', 'two'));
    assert.equal(out.text, 'one\na-2 app two\n');
  });

  it('shows a failure with place, evidence and what to do', () => {
    const err = new FakeOutput();
    plainRenderer(new FakeOutput(), err, plainStyle).outcome({ status: 'failed', failure });
    assert.deepEqual(err.text.trimEnd().split('\n'), [
      '✗ The build failed in line 7.',
      '  /repo/app/Dockerfile:7:1',
      '  │ pip: no such package',
      '  → Look at app/requirements.txt.',
    ]);
  });

  it('shows cancelling as what it is', () => {
    const err = new FakeOutput();
    plainRenderer(new FakeOutput(), err, plainStyle).outcome({ status: 'cancelled' });
    assert.equal(err.text, 'Cancelled.\n');
  });
});

describe('vapp: live display', () => {
  it('shows what runs below what has ended, and leaves only the latter', () => {
    const err = new FakeOutput({ isTTY: true });
    let now = 0;
    const renderer = liveRenderer(err, err, plainStyle, false, () => now);
    renderer.event({ type: 'step', step: 'build', app: 'a', state: 'started' });
    renderer.event({ type: 'step', step: 'runtime', state: 'started' });
    now = 500;
    renderer.event(logLine('a-1', 'a line of the app'));
    assert.deepEqual(err.screen(), ['a line of the app', '⠋ Build a 0.50 s', '⠋ Runtime 0.50 s']);
    renderer.event({ type: 'step', step: 'build', app: 'a', state: 'finished', durationMs: 500 });
    renderer.event({ type: 'step', step: 'runtime', state: 'finished', durationMs: 500, message: 'vapp-x' });
    renderer.outcome({ status: 'done', value: undefined });
    renderer.dispose();
    assert.deepEqual(err.screen(), ['a line of the app', '✓ Build a 0.50 s', '✓ Runtime 0.50 s  vapp-x']);
  });

  it('never lets a line of the live area wrap', () => {
    const err = new FakeOutput({ isTTY: true, columns: 20 });
    const renderer = liveRenderer(err, err, plainStyle);
    renderer.event({ type: 'step', step: 'build', app: 'a-very-long-name-of-an-app', state: 'started' });
    assert.ok(err.screen().every((line) => line.length < 20));
    renderer.dispose();
  });
});

describe('vapp: style', () => {
  it('has colours on a terminal only, and none with NO_COLOR', () => {
    assert.equal(Style.for({}, true).enabled, true);
    assert.equal(Style.for({}, false).enabled, false);
    assert.equal(Style.for({ NO_COLOR: '1' }, true).enabled, false);
    assert.equal(Style.for({ TERM: 'dumb' }, true).enabled, false);
    assert.ok(new Style(true).good('x').startsWith('\u001b[32mx'));
  });

  it('formats durations and cuts lines', () => {
    assert.equal(formatDuration(420), '0.42 s');
    assert.equal(formatDuration(12_340), '12.3 s');
    assert.equal(formatDuration(125_000), '2 min 05 s');
    assert.equal(fit('12345', 5), '12345');
    assert.equal(fit('123456', 5), '1234…');
  });
});

describe('vapp: texts that would do something to a terminal', () => {
  const ESC = '\u001b';
  /** The clipboard, the title, the screen, the lines before, 8-bit, carriage return, another direction of writing. */
  const EVIL = `${ESC}]52;c;ZXZpbA==\u0007${ESC}]0;t${ESC}\\${ESC}[2J${ESC}[1A\u009b2K${ESC}[?1049h\rx\u202ey`;
  const shown = '␍x\ufffdy';
  // eslint-disable-next-line no-control-regex
  const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;
  const events: RunEvent[] = [
    logLine('a-1', `line ${EVIL}`),
    { type: 'warning', message: `warning ${EVIL}` },
    { type: 'step', step: 'build', app: 'a', state: 'started' },
    { type: 'step', step: 'build', app: 'a', state: 'progress', message: `progress ${EVIL}` },
    { type: 'step', step: 'build', app: 'a', state: 'finished', durationMs: 1, message: `result ${EVIL}` },
    { type: 'build', app: 'a', event: { type: 'step', step: { id: '1', name: `RUN ${EVIL}`, state: 'failed' } } },
    { type: 'log', app: 'a', event: { type: 'interrupted', message: `gone ${EVIL}` } },
  ];
  const evil = new Failure({
    ...{ code: 'x', fault: 'app', summary: `summary ${EVIL}`, evidence: [`one\ntwo ${EVIL}`], nextSteps: [EVIL] },
    range: { file: `/${EVIL}`, start: { line: 1, column: 1 }, end: { line: 1, column: 1 } },
  });

  it('do nothing in plain text, where they are shown as what they are', () => {
    const [out, err] = [new FakeOutput(), new FakeOutput()];
    const renderer = plainRenderer(out, err, plainStyle);
    for (const event of events) renderer.event(event);
    renderer.outcome({ status: 'failed', failure: evil });
    renderer.outcome({ status: 'done', value: 1 }, `first\nreport ${EVIL}`);
    assert.doesNotMatch(out.text + err.text, CONTROLS);
    for (const word of ['line', 'report']) assert.ok(out.text.includes(`${word} ${shown}\n`), out.text);
    for (const word of ['warning', 'result', 'gone', 'summary', '│ one\n    two'])
      assert.ok(err.text.includes(`${word} ${shown}`));
  });

  it('do nothing in the live area either, whose own movements are all there is', () => {
    const [out, err] = [new FakeOutput({ isTTY: true }), new FakeOutput({ isTTY: true })];
    const renderer = liveRenderer(out, err, new Style(true));
    for (const event of events) renderer.event(event);
    renderer.outcome({ status: 'failed', failure: evil });
    renderer.dispose();
    // eslint-disable-next-line no-control-regex
    const own = /\r?(\u001b\[2K(\u001b\[1A)?)+|\u001b\[\d*m/g;
    assert.doesNotMatch((out.text + err.text).replace(own, ''), CONTROLS);
  });

  it('come back whole from JSON, which itself does nothing', () => {
    const out = new FakeOutput();
    const renderer = jsonRenderer(out);
    renderer.event(events[0]!);
    renderer.outcome({ status: 'failed', failure: evil });
    assert.doesNotMatch(out.text, CONTROLS);
    const [line, outcome] = out.text
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as Record<string, never>);
    assert.equal((line as unknown as { event: { line: { text: string } } }).event.line.text, `line ${EVIL}`);
    assert.equal((outcome as unknown as { failure: { summary: string } }).failure.summary, `summary ${EVIL}`);
  });

  it('say with a warning where it is and what to do, as with a failure', () => {
    const [out, err] = [new FakeOutput(), new FakeOutput()];
    const event: RunEvent = { type: 'warning', app: 'a', message: failure.summary, explanation: failure };
    plainRenderer(out, err, plainStyle).event(event);
    assert.equal(
      err.text,
      [
        '! The build failed in line 7.',
        '  /repo/app/Dockerfile:7:1',
        '  │ pip: no such package',
        '  → Look at app/requirements.txt.\n',
      ].join('\n'),
    );
    jsonRenderer(out).event(event);
    const { explanation } = JSON.parse(out.text) as { explanation: Failure };
    assert.deepEqual(
      [explanation.code, explanation.range, explanation.nextSteps],
      [failure.code, failure.range, failure.nextSteps],
    );
  });

  it('keep the colours of an app, and nothing is painted by them that follows', () => {
    const [out, err] = [new FakeOutput(), new FakeOutput()];
    const red = `${ESC}[31mred`;
    plainRenderer(out, err, plainStyle).event(logLine('a-1', red));
    plainRenderer(out, err, new Style(true)).event(logLine('a-1', red));
    assert.equal(out.text, `${red}\n${red}${ESC}[0m\n`);
    plainRenderer(out, err, plainStyle).event({ type: 'warning', message: red });
    assert.equal(err.text, '! red\n');
  });
});
