import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import type { PodObject } from '../../../src/deploy/objects';
import { PROBATION_MS, Probation } from '../../../src/deploy/probation';

describe('the probation of pods', () => {
  it('is over at once where there is nobody to prove anything', () => {
    assert.equal(new Probation(neverEnds).rest([], 0), 0);
    assert.equal(new Probation(neverEnds).rest([pod('a', { probed: true })], 0), 0);
  });

  it('counts from when a pod was first seen ready', () => {
    const probation = new Probation(neverEnds);
    assert.equal(probation.rest([pod('a', { ready: false })], 1000), PROBATION_MS);
    assert.equal(probation.rest([pod('a')], 5000), PROBATION_MS);
    assert.equal(probation.rest([pod('a')], 6000), PROBATION_MS - 1000);
    assert.equal(probation.rest([pod('a')], 5000 + PROBATION_MS), 0);
    assert.equal(probation.rest([pod('a')], 99_000), 0);
  });

  it('is that of the pod that was ready last', () => {
    const probation = new Probation(neverEnds);
    probation.rest([pod('a')], 0);
    assert.equal(probation.rest([pod('a'), pod('b')], 2000), PROBATION_MS);
    assert.equal(probation.rest([pod('a'), pod('b')], 2500), PROBATION_MS - 500);
  });

  it('begins anew with a restart', () => {
    const probation = new Probation(neverEnds);
    probation.rest([pod('a')], 0);
    assert.equal(probation.rest([pod('a', { restarts: 1 })], 10_000), PROBATION_MS);
  });

  it('begins anew where a run was heard to end, though its pod still counts as ready', async () => {
    let tellEnd: (ended: boolean) => void = () => undefined;
    const heard: string[] = [];
    const probation = new Probation(({ metadata }) => {
      heard.push(metadata.name);
      return new Promise((resolve) => (tellEnd = resolve));
    });
    assert.equal(probation.rest([pod('a')], 0), PROBATION_MS);
    assert.equal(probation.rest([pod('a')], 1000), PROBATION_MS - 1000);
    assert.deepEqual(heard, ['a'], 'listened for once');
    tellEnd(true);
    await setImmediate();
    assert.equal(probation.rest([pod('a')], PROBATION_MS), PROBATION_MS);
    assert.deepEqual(heard, ['a', 'a']);
    assert.equal(probation.rest([pod('a')], 2 * PROBATION_MS), 0, 'it was no end');
  });

  it('goes by time alone where no end can be heard', async () => {
    const probation = new Probation(() => Promise.resolve(false));
    probation.rest([pod('a')], 0);
    await setImmediate();
    assert.equal(probation.rest([pod('a')], PROBATION_MS - 1), 1);
    assert.equal(probation.rest([pod('a')], PROBATION_MS), 0);
  });

  it('is not over while a pod is not ready, but waits for none that has ended for good', () => {
    const probation = new Probation(neverEnds);
    probation.rest([pod('a')], 0);
    assert.equal(probation.rest([pod('a', { ready: false })], 10_000), PROBATION_MS);
    for (const phase of ['Succeeded', 'Failed']) {
      assert.equal(probation.rest([pod('a', { ready: false, phase })], 10_000), 0);
    }
  });
});

const neverEnds = () => new Promise<never>(() => undefined);

function pod(uid: string, { ready = true, probed = false, restarts = 0, phase = 'Running' } = {}): PodObject {
  return {
    metadata: { name: uid, uid },
    spec: { containers: [{ name: 'app', ...(probed ? { readinessProbe: {} } : {}) }] },
    status: {
      phase,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: [{ name: 'app', ready, restartCount: restarts }],
    },
  };
}
