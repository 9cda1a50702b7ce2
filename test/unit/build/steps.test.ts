import assert from 'node:assert/strict';
import type { BuildEvent } from '../../../src/build';
import { StepTracker } from '../../../src/build/steps';
import { Redactor } from '../../../src/tools';
import { fixture, replay } from './support';

const output = (events: readonly BuildEvent[]) =>
  events.flatMap((event) => (event.type === 'output' ? [event.text] : []));

describe('build: steps', () => {
  it('knows the steps of a fresh build, their lines and durations', async () => {
    const { tracker, events } = await replay(fixture('success.rawjson'), fixture('success.Dockerfile'));
    const steps = tracker.steps.map(({ name, state, lines }) => [name.slice(0, 24), state, lines?.first, lines?.last]);
    assert.deepEqual(
      steps.sort((a, b) => Number(a[2]) - Number(b[2])),
      [
        ['[base 1/2] FROM docker.i', 'cached', 2, 2],
        ['[base 2/2] RUN echo "hel', 'done', 4, 6],
        ['[other 1/1] RUN echo oth', 'done', 9, 9],
        ['[stage-2 1/3] WORKDIR /a', 'done', 12, 12],
        ['[stage-2 2/3] COPY src .', 'done', 13, 13],
        ['[stage-2 3/3] COPY --fro', 'done', 14, 14],
      ],
    );
    const run = tracker.steps.find(({ name }) => name.startsWith('[base 2/2]'));
    assert.ok(run?.durationMs !== undefined && run.durationMs > 0);
    assert.deepEqual(output(events), ['to-stdout', 'to-stderr']);
  });

  it('knows what came from the cache', async () => {
    const { tracker, events } = await replay(fixture('cached.rawjson'), fixture('success.Dockerfile'));
    const instructions = tracker.steps.filter(({ name }) => !name.includes('FROM '));
    assert.equal(instructions.length, 5);
    assert.deepEqual([...new Set(instructions.map(({ state }) => state))], ['cached']);
    assert.deepEqual(output(events), []);
  });

  it('tells of preparations as events, but does not count them as steps', async () => {
    const { tracker, events } = await replay(fixture('cached.rawjson'));
    const names = events.flatMap((event) => (event.type === 'step' ? [event.step.name] : []));
    assert.ok(names.includes('[internal] load build context'));
    assert.ok(names.includes('exporting to image'));
    assert.ok(tracker.steps.every(({ name }) => !name.startsWith('[internal]') && !name.startsWith('exporting')));
    assert.ok(events.some((event) => event.type === 'transfer' && event.name === 'transferring context:'));
  });

  it('finds the step that broke the build and the end of its output, redacted', async () => {
    const { tracker, events } = await replay(fixture('failing-run.rawjson'), fixture('failing-run.Dockerfile'));
    assert.equal(tracker.failed?.step.state, 'failed');
    assert.deepEqual(tracker.failed.step.lines, { first: 4, last: 6 });
    assert.deepEqual(tracker.failed.output, ['before', '***']);
    assert.match(tracker.failed.error, /exit code: 3/);
    assert.ok(!JSON.stringify(events).includes('the cause'));
  });

  it('does not take a step that others cancelled for the one that failed', () => {
    const { tracker } = collect([
      { vertexes: [{ digest: 'a', name: '[a 1/1] RUN sleep', started: T0, completed: T1, error: 'context canceled' }] },
      { vertexes: [{ digest: 'b', name: '[b 1/1] RUN false', started: T0, completed: T1, error: 'exit code: 1' }] },
    ]);
    assert.equal(tracker.failed?.step.id, 'b');
    assert.deepEqual(
      tracker.steps.map(({ state }) => state),
      ['cancelled', 'failed'],
    );
  });

  it('adds up a step that BuildKit takes up several times', () => {
    const { tracker } = collect([
      { vertexes: [{ digest: 'a', name: '[1/1] FROM x', started: T0 }] },
      { vertexes: [{ digest: 'a', name: '[1/1] FROM x', started: T0, completed: T1 }] },
      { vertexes: [{ digest: 'a', name: '[1/1] FROM x', started: T2 }] },
      { vertexes: [{ digest: 'a', name: '[1/1] FROM x', started: T2, completed: T3 }] },
    ]);
    assert.equal(tracker.steps[0]?.durationMs, 1250);
  });

  it('counts a time that is none as nothing', () => {
    const { tracker } = collect([
      { vertexes: [{ digest: 'a', name: '[1/1] FROM x', started: 'soon', completed: T1 }] },
      { vertexes: [{ digest: 'a', name: '[1/1] FROM x', started: T2, completed: T3 }] },
    ]);
    assert.equal(tracker.steps[0]?.durationMs, 250);
  });

  it('joins output that arrives in pieces into lines, each stream for itself', () => {
    const log = (stream: number, text: string) => ({
      logs: [{ vertex: 'a', stream, data: Buffer.from(text).toString('base64') }],
    });
    const { events } = collect([log(1, 'one '), log(2, 'err\n'), log(1, 'line\r\ntwo'), log(1, ' lines')]);
    assert.deepEqual(output(events), ['err', 'one line', 'two lines']);
  });

  it('hands on warnings with their place', () => {
    const short = Buffer.from('MaintainerDeprecated').toString('base64');
    const { events } = collect([{ warnings: [{ short, line: 2 }] }, { warnings: [{ short }] }]);
    assert.deepEqual(events, [
      { type: 'warning', message: 'Dockerfile line 2: MaintainerDeprecated' },
      { type: 'warning', message: 'MaintainerDeprecated' },
    ]);
  });
});

const T0 = '2026-01-01T00:00:00.000000001Z';
const T1 = '2026-01-01T00:00:01Z';
const T2 = '2026-01-01T00:00:05.5Z';
const T3 = '2026-01-01T00:00:05.750000000Z';

function collect(statuses: Parameters<StepTracker['take']>[0][]) {
  const events: BuildEvent[] = [];
  const tracker = new StepTracker({ redactor: new Redactor(), onEvent: (event) => events.push(event) });
  for (const status of statuses) tracker.take(status);
  tracker.end();
  return { tracker, events };
}
