import assert from 'node:assert/strict';
import { Cancelled, Failure, startOfFile } from '../../../src/base';
import { Steps, appEnvironment, formatBytes, outcomeOf, type RunEvent } from '../../../src/run';
import { Redactor } from '../../../src/tools';

describe('run: steps', () => {
  function steps(signal?: AbortSignal) {
    const events: RunEvent[] = [];
    return { events, steps: new Steps((event) => events.push(event), signal) };
  }
  const states = (events: RunEvent[]) => events.map((event) => (event.type === 'step' ? event.state : event.type));

  it('tells start, progress and end with result and duration', async () => {
    const { events, steps: s } = steps();
    const value = await s.run('build', 'a', (reporter) => {
      reporter.progress('half');
      reporter.result('whole');
      return Promise.resolve(7);
    });
    assert.equal(value, 7);
    assert.deepEqual(states(events), ['started', 'progress', 'finished']);
    const last = events.at(-1);
    assert.ok(last?.type === 'step' && last.message === 'whole' && typeof last.durationMs === 'number');
  });

  it('tells a step that had nothing to do', async () => {
    const { events, steps: s } = steps();
    await s.run('deploy', 'a', (reporter) => {
      reporter.skip('nothing changed');
      return Promise.resolve();
    });
    assert.deepEqual(states(events), ['started', 'skipped']);
  });

  it('tells failure from cancelling', async () => {
    const { events, steps: s } = steps();
    const failure = new Failure({ code: 'x', fault: 'app', summary: 'no' });
    await assert.rejects(
      s.run('push', 'a', () => Promise.reject(failure)),
      failure,
    );
    await assert.rejects(
      s.run('push', 'a', () => Promise.reject(new Cancelled())),
      Cancelled,
    );
    assert.deepEqual(states(events), ['started', 'failed', 'started', 'cancelled']);
  });

  it('makes an outcome of a failure, of cancelling and of a defect', async () => {
    const failure = new Failure({ code: 'x', fault: 'app', summary: 'no' });
    assert.deepEqual(await outcomeOf(() => Promise.reject(failure)), { status: 'failed', failure });
    assert.deepEqual(await outcomeOf(() => Promise.reject(new Cancelled())), { status: 'cancelled' });
    const defect = await outcomeOf(() => Promise.reject(new TypeError('undefined is not a function')));
    assert.ok(defect.status === 'failed' && defect.failure.code === 'internal');
    assert.deepEqual(await outcomeOf(() => Promise.resolve(1)), { status: 'done', value: 1 });
  });
});

describe('run: a secret', () => {
  it('is in no failure that leaves a job, wherever it came from, nor in the story of its steps', async () => {
    new Redactor().add('planted-secret');
    const range = startOfFile('/x');
    const failure = new Failure({
      ...{ code: 'x', fault: 'app', summary: 'planted-secret', evidence: ['a planted-secret'] },
      ...{ nextSteps: ['http://ada:planted@host/'], range },
      related: [{ range, message: 'planted-secret', evidence: ['planted-secret'] }],
    });
    const events: RunEvent[] = [];
    for (const thrown of [failure, new Error('planted-secret')]) {
      const outcome = await outcomeOf(() =>
        new Steps((event) => events.push(event)).run('push', 'a', () => Promise.reject(thrown)),
      );
      assert.ok(outcome.status === 'failed');
      for (const { summary, evidence, nextSteps, related } of [
        outcome.failure,
        ...events.flatMap((event) => (event.type === 'step' ? (event.failure ?? []) : [])),
      ]) {
        const told = JSON.stringify([summary, evidence, nextSteps, related]);
        assert.doesNotMatch(told, /planted/);
        assert.match(told, /\*\*\*/);
      }
    }
  });
});

describe('run: a failure without a secret', () => {
  it('leaves a job as it is', async () => {
    const range = startOfFile('/x');
    const related = [{ range, message: 'b', evidence: ['c'] }];
    const failure = new Failure({ code: 'x', fault: 'app', summary: 'a', range, related });
    assert.deepEqual(await outcomeOf(() => Promise.reject(failure)), { status: 'failed', failure });
  });
});

describe('run: what an app is told', () => {
  it('gets the addresses of the services that are there', () => {
    const environment = appEnvironment([
      { id: 'mqtt-broker', cluster: 'mqtt-broker:1883' },
      { id: 'vehicledatabroker', cluster: 'vehicledatabroker:55555' },
      { id: 'seatservice', cluster: 'seatservice:50051' },
    ]);
    assert.deepEqual(environment, {
      SDV_MIDDLEWARE_TYPE: 'native',
      SDV_MQTT_ADDRESS: 'mqtt://mqtt-broker:1883',
      MQTT_BROKER_URI: 'tcp://mqtt-broker:1883',
      SDV_VEHICLEDATABROKER_ADDRESS: 'grpc://vehicledatabroker:55555',
      SDV_SEATSERVICE_ADDRESS: 'grpc://seatservice:50051',
    });
  });

  it('formats sizes as Docker does', () => {
    assert.equal(formatBytes(999), '999 B');
    assert.equal(formatBytes(1234), '1.2 kB');
    assert.equal(formatBytes(178_400_000), '178 MB');
  });
});
