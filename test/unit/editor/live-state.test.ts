import assert from 'node:assert/strict';
import { useFakeTimers, type SinonFakeTimers } from 'sinon';
import { Failure } from '../../../src/base';
import { LiveState, NEWS_MS } from '../../../src/editor/live-state';
import { liveLine } from '../../../src/editor/live-words';
import type { LiveEvent, StepId, StepState } from '../../../src/run';

const exited = (code = 3) =>
  new Failure({ code: 'app-exited', fault: 'app', summary: `live ended with exit code ${code}.` });
const unbuildable = () => new Failure({ code: 'build-failed', fault: 'app', summary: 'It cannot be built.' });
const IN: LiveEvent = { type: 'live', app: 'live', way: 'live', files: ['main.py'], durationMs: 90, pods: ['live-1'] };
const BY_IMAGE: LiveEvent = { type: 'live', app: 'live', way: 'image', files: ['Dockerfile'], why: 'it says so' };

describe('a live update, as it is shown', () => {
  let time: SinonFakeTimers;
  let changes: number;
  let state: LiveState;

  beforeEach(() => {
    time = useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    changes = 0;
    state = new LiveState(() => (changes += 1));
  });

  afterEach(() => {
    state.dispose();
    const left = time.countTimers();
    time.restore();
    assert.equal(left, 0);
  });

  const step = (name: StepId, ...states: StepState[]) => {
    for (const each of states) state.take({ type: 'step', step: name, app: 'live', state: each });
  };
  const warn = (explanation?: Failure) =>
    state.take({ type: 'warning', app: 'live', message: 'No.', ...(explanation ? { explanation } : {}) });
  const troubles = () => state.troubles.map(({ summary }) => summary);

  it('is up when its app has been deployed, and not before', () => {
    step('build', 'started', 'finished');
    step('deploy', 'started', 'failed');
    assert.equal(state.isUp, false);
    step('deploy', 'started', 'finished');
    assert.equal(state.isUp, true);
  });

  it('has a change for news for some seconds, and says when that is over', () => {
    assert.equal(state.take(IN), true);
    assert.equal(state.news, IN);
    time.tick(NEWS_MS - 1);
    state.take(IN);
    time.tick(NEWS_MS - 1);
    assert.deepEqual([state.news, changes], [IN, 0]);
    time.tick(1);
    assert.deepEqual([state.news, changes], [undefined, 1]);
  });

  it('has a new image for news from when it runs on, and one that failed never', () => {
    state.take(BY_IMAGE);
    step('build', 'started', 'finished');
    time.tick(10 * NEWS_MS);
    assert.equal(state.news, BY_IMAGE);
    step('deploy', 'started', 'finished');
    time.tick(NEWS_MS);
    assert.equal(state.news, undefined);
    state.take(BY_IMAGE);
    warn(unbuildable());
    assert.equal(state.news, undefined);
  });

  it('has nothing new to say of files that no image has, and of warnings that explain nothing', () => {
    assert.equal(state.take({ ...IN, way: 'none' }), false);
    assert.equal(warn(), false);
    assert.deepEqual([state.news, troubles()], [undefined, []]);
  });

  it('is wrong once, however often the app ends, until a change has come in', () => {
    assert.equal(warn(exited()), true);
    const [first] = state.troubles;
    assert.equal(warn(exited()), false);
    assert.deepEqual(state.troubles, [first]);
    warn(exited(4));
    assert.deepEqual(troubles(), ['live ended with exit code 4.']);
    state.take(IN);
    assert.deepEqual(troubles(), []);
    assert.equal(warn(exited(4)), true, 'the new version does no better');
  });

  it('is wrong with an image that cannot be built until one can, whatever is brought in meanwhile', () => {
    state.take(BY_IMAGE);
    step('build', 'started', 'failed');
    warn(unbuildable());
    state.take(IN);
    assert.deepEqual(troubles(), ['It cannot be built.']);
    step('build', 'started', 'finished');
    step('deploy', 'started', 'finished');
    assert.deepEqual(troubles(), []);
  });

  it('is wrong in the end when its last image could not be built and the one before runs on', () => {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      step('build', 'started', 'failed');
      warn(unbuildable());
    }
    warn(exited());
    step('deploy', 'started', 'finished');
    assert.deepEqual(troubles(), ['It cannot be built.']);
  });
});

describe('the way that files took, for the output', () => {
  it('is told with its time and its pods, or why it was another', () => {
    assert.equal(liveLine(IN), 'main.py: live, 0.09 s, 1 pod');
    assert.equal(liveLine({ ...IN, pods: ['a', 'b'] }), 'main.py: live, 0.09 s, 2 pods');
    assert.equal(liveLine(BY_IMAGE), 'Dockerfile: new image, because it says so');
    assert.equal(liveLine({ ...IN, way: 'none' }), 'main.py: no image has it, nothing to do');
  });

  it('names a few of many files', () => {
    const files = ['a', 'b', 'c', 'd', 'e'];
    assert.equal(liveLine({ ...IN, files }), 'a, b, c, 2 more: live, 0.09 s, 1 pod');
  });
});
