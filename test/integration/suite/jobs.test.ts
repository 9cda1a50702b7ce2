import assert from 'node:assert/strict';
import { Jobs, type JobDescription, type RunningJob } from '../../../src/editor/jobs';
import type { Outcome, RunEvent, StepId, StepState } from '../../../src/run';

const RUN: JobDescription = { kind: 'run', title: 'Running', apps: ['app'] };
const DONE: Outcome = { status: 'done', value: undefined };

/** Work that goes on until it is told to end, or its job is. */
class Work {
  emit: (event: RunEvent) => void = () => undefined;
  begun = false;
  end: () => void = () => undefined;

  readonly do = (emit: (event: RunEvent) => void, signal: AbortSignal): Promise<Outcome> => {
    this.emit = emit;
    this.begun = true;
    return new Promise((resolve) => {
      this.end = () => resolve(DONE);
      signal.addEventListener('abort', () => resolve({ status: 'cancelled' }));
    });
  };

  step(step: StepId, state: StepState, message?: string): void {
    this.emit({ type: 'step', step, state, ...(message === undefined ? {} : { message }) });
  }
}

describe('the jobs of a folder', () => {
  let jobs: Jobs;
  let changes: number;
  let ends: string[];

  beforeEach(() => {
    jobs = new Jobs();
    changes = 0;
    ends = [];
    jobs.onDidChange(() => (changes += 1));
    jobs.onDidEnd(({ job, outcome }) => ends.push(`${job.id} ${outcome.status}`));
  });

  afterEach(() => jobs.dispose());

  const only = (): RunningJob => {
    assert.equal(jobs.running.length, 1);
    return jobs.running[0]!;
  };

  it('run to their outcome, and are told of from beginning to end', async () => {
    const work = new Work();
    const running = jobs.run(RUN, work.do);
    assert.equal(only().title, 'Running');
    await settled();
    work.end();
    assert.deepEqual(await running, DONE);
    assert.deepEqual(jobs.running, []);
    assert.deepEqual(ends, ['1 done']);
    assert.equal(changes, 2);
  });

  it('show the steps they are at, the one that is waited for first', async () => {
    const work = new Work();
    void jobs.run(RUN, work.do);
    await settled();
    work.step('runtime', 'started');
    work.step('build', 'started');
    work.step('build', 'progress', '3 of 8');
    assert.deepEqual(only().steps, [{ step: 'build', message: '3 of 8' }, { step: 'runtime' }]);
    work.step('build', 'finished');
    work.step('runtime', 'failed');
    assert.deepEqual(only().steps, []);
  });

  it('end when they are cancelled, and that is no failure', async () => {
    const running = jobs.run(RUN, new Work().do);
    await settled();
    only().cancel();
    assert.deepEqual(await running, { status: 'cancelled' });
    assert.deepEqual(ends, ['1 cancelled']);
  });

  it('take the place of the one before, which ends first; one in between is never begun', async () => {
    const [first, second, third] = [new Work(), new Work(), new Work()];
    const outcomes = [jobs.run(RUN, first.do)];
    await settled();
    outcomes.push(jobs.run(RUN, second.do), jobs.run(RUN, third.do));
    await Promise.all(outcomes.slice(0, 2));
    assert.deepEqual(ends, ['1 cancelled', '2 cancelled']);
    await settled();
    assert.deepEqual([second.begun, third.begun], [false, true]);
    third.end();
    assert.deepEqual(await outcomes[2], DONE);
  });

  it('rest when they are live updates that have brought their app up and do nothing', async () => {
    const [update, run] = [new Work(), new Work()];
    const live = jobs.run({ ...RUN, kind: 'live' }, update.do);
    await settled();
    const { signal } = only();
    const states = () => [only().resting, jobs.busy.length, jobs.live.length];
    assert.deepEqual(states(), [false, 1, 1]);
    update.step('build', 'started');
    update.step('build', 'finished');
    update.step('deploy', 'started');
    assert.deepEqual(states(), [false, 1, 1]);
    update.step('deploy', 'finished');
    assert.deepEqual(states(), [true, 0, 1]);
    update.step('build', 'started');
    assert.deepEqual(states(), [false, 1, 1]);
    update.step('build', 'failed');
    assert.deepEqual(states(), [true, 0, 1]);

    const running = jobs.run(RUN, run.do);
    assert.ok(signal.aborted, 'a run takes its place');
    assert.deepEqual([jobs.busy.length, jobs.live.length], [2, 0]);
    assert.deepEqual(await live, { status: 'cancelled' });
    await settled();
    run.end();
    assert.deepEqual(await running, DONE);
  });

  it('that rest are busy as soon as they are to end', async () => {
    const work = new Work();
    const ended = jobs.run({ ...RUN, kind: 'live' }, work.do);
    await settled();
    work.step('deploy', 'finished');
    const before = changes;
    const cancelled = jobs.cancel(({ kind }) => kind === 'live');
    assert.deepEqual([changes, jobs.busy.length], [before + 1, 1]);
    await cancelled;
    assert.deepEqual(await ended, { status: 'cancelled' });
    assert.deepEqual(jobs.running, []);
  });

  it('are forgotten when their work breaks, which is told to who began them', async () => {
    await assert.rejects(
      jobs.run(RUN, () => Promise.reject(new Error('a defect'))),
      /a defect/,
    );
    assert.deepEqual(jobs.running, []);
    await jobs.run(RUN, () => Promise.resolve(DONE));
    assert.deepEqual(ends, ['2 done']);
  });

  it('are cancelled and waited for when their folder goes', async () => {
    const running = jobs.run(RUN, new Work().do);
    await settled();
    await jobs.dispose();
    assert.deepEqual(await running, { status: 'cancelled' });
    assert.deepEqual(jobs.running, []);
  });
});

/** Whatever waits for nothing but its turn has had it. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
