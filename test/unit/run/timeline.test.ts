import assert from 'node:assert/strict';
import { withTimeline } from '../../../src/run';
import { Timeline } from '../../../src/run/timeline';
import type { RunEvent, Span, StepId } from '../../../src/run/types';

const ORIGIN = Date.parse('2026-11-28T12:00:00Z');

function step(name: StepId, state: 'started' | 'progress' | 'finished' | 'failed', message?: string): RunEvent {
  return { type: 'step', step: name, app: 'app', state, ...(message === undefined ? {} : { message }) };
}

function moment(name: string): RunEvent {
  return { type: 'pod-moment', app: 'app', pod: 'app-1', moment: name };
}

/** A line that the kubelet recorded so many milliseconds after the process started. */
function line(recorded: number): RunEvent {
  const timestamp = new Date(ORIGIN + recorded).toISOString();
  return {
    type: 'log',
    app: 'app',
    event: {
      type: 'line',
      line: { pod: 'app-1', podUid: 'u', container: 'app', restart: 0, timestamp, text: 'hello' },
    },
  };
}

function built(name: string, durationMs: number): RunEvent {
  return { type: 'build', app: 'app', event: { type: 'step', step: { id: name, name, state: 'done', durationMs } } };
}

function timelineOf(events: readonly (readonly [at: number, event: RunEvent])[]): Timeline {
  const timeline = new Timeline(ORIGIN);
  for (const [at, event] of events) timeline.take(event, at);
  return timeline;
}

function texts(spans: readonly Span[]): string[] {
  return spans.map(({ step: name, part, from, to }) => `${name}${part === undefined ? '' : `/${part}`} ${from}-${to}`);
}

describe('run: timeline', () => {
  it('tells steps that overlap as they were, with the start of the process before them', () => {
    const { spans } = timelineOf([
      [100, step('runtime', 'started')],
      [120, step('build', 'started')],
      [400, step('build', 'finished')],
      [500, step('runtime', 'finished')],
    ]);
    assert.deepEqual(texts(spans), ['start 0-100', 'runtime 100-500', 'build 120-400']);
  });

  it('splits a build by what the builder did, and leaves out what took no time', () => {
    const { spans } = timelineOf([
      [100, step('build', 'started')],
      [200, built('[internal] load build context', 50)],
      [210, built('[1/2] FROM python', 1)],
      [300, built('exporting to image', 80)],
      [310, step('build', 'finished')],
    ]);
    assert.deepEqual(texts(spans).slice(1), [
      'build 100-310',
      'build/[internal] load build context 150-200',
      'build/exporting to image 220-300',
    ]);
  });

  it('splits other steps by what they say', () => {
    const { spans } = timelineOf([
      [100, step('deploy', 'started')],
      [110, step('deploy', 'progress', 'helm')],
      [300, step('deploy', 'progress', 'watching')],
      [900, step('deploy', 'finished')],
    ]);
    assert.deepEqual(texts(spans).slice(1), ['deploy 100-900', 'deploy/helm 110-300', 'deploy/watching 300-900']);
  });

  it('tells what the kubelet did until the first line was shown', () => {
    const { spans } = timelineOf([
      [300, moment('Scheduled')],
      [500, moment('Pulling')],
      [600, moment('Pulled')],
      [650, moment('Created')],
      [700, moment('Started')],
      [800, line(750)],
      [900, line(890)],
    ]);
    assert.deepEqual(texts(spans).slice(1), [
      'pod 300-800',
      'pod/sandbox 300-500',
      'pod/pull 500-600',
      'pod/container created 600-650',
      'pod/container started 650-700',
      'pod/first line written 700-750',
      'pod/first line on its way 750-800',
    ]);
  });

  it('pulls nothing where the image is there, and takes a late event for what it is', () => {
    const { spans } = timelineOf([
      [300, moment('Scheduled')],
      [500, moment('Pulled')],
      [550, moment('Created')],
      [640, line(600)],
      [660, moment('Started')],
    ]);
    assert.deepEqual(texts(spans).slice(1), [
      'pod 300-640',
      'pod/sandbox 300-500',
      'pod/container created 500-550',
      'pod/container started 550-660',
      'pod/first line written 600-600',
      'pod/first line on its way 600-640',
    ]);
  });

  it('tells nothing of a pod that was there before', () => {
    assert.deepEqual(
      texts(
        timelineOf([
          [300, moment('Killing')],
          [400, line(390)],
        ]).spans,
      ),
      ['start 0-300'],
    );
  });

  it('is told once, when the steps have ended and the app has spoken', async () => {
    const told: RunEvent[] = [];
    await withTimeline(
      (emit) => {
        emit(step('deploy', 'started'));
        emit(line(1));
        emit(step('deploy', 'finished'));
        emit(line(2));
        return Promise.resolve({ status: 'done', value: undefined });
      },
      (event) => told.push(event),
    );
    assert.deepEqual(
      told.map(({ type }) => type),
      ['step', 'log', 'step', 'timeline', 'log'],
    );
  });

  it('is told at the end of a job that failed', async () => {
    const told: RunEvent[] = [];
    await withTimeline(
      (emit) => {
        emit(step('build', 'started'));
        emit(step('build', 'failed'));
        return Promise.resolve({ status: 'cancelled' });
      },
      (event) => told.push(event),
    );
    assert.equal(told.at(-1)?.type, 'timeline');
  });
});
