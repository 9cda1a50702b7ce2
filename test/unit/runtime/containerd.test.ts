import assert from 'node:assert/strict';
import { Cancelled, Failure } from '../../../src/base';
import { containerdIsBack } from '../../../src/runtime/containerd';
import type { Engine } from '../../../src/runtime/engine-changes';

const ALL = ['Engine', 'containerd', 'runc', 'docker-init'];
const WITHOUT = ['Engine', 'runc', 'docker-init'];

/** An engine that answers a question for its versions by these, one after the other, and by the last from then on. */
function engineTelling(...answers: readonly (readonly string[] | Error)[]) {
  let asked = 0;
  const version = () => {
    const answer = answers[Math.min(asked, answers.length - 1)]!;
    asked += 1;
    if (answer instanceof Error) return Promise.reject(answer);
    return Promise.resolve({ Components: answer.map((Name) => ({ Name, Version: '1' })) });
  };
  return { docker: { version }, signal: undefined } as unknown as Pick<Engine, 'docker' | 'signal'>;
}

/** As Docker 26 tells it, and as k3d repeats it. */
const REFUSED = refusal(
  'connection error: desc = "transport: Error while dialing: dial unix /run/containerd/containerd.sock: connect: connection refused": unavailable',
);
const BROKEN_OFF = refusal('failed to create task for container: error reading from server: EOF: unavailable');

function refusal(text: string): Failure {
  return new Failure({ code: 'docker-error', fault: 'environment', summary: 'Docker refused.', evidence: [text] });
}

describe('an engine whose containerd has ended', () => {
  let waits = 0;
  const onWait = () => void (waits += 1);
  beforeEach(() => (waits = 0));

  it('is waited for', async () => {
    const engine = engineTelling(WITHOUT, new Error('socket hang up'), WITHOUT, ALL);
    assert.equal(await containerdIsBack(engine, REFUSED, onWait), true);
    assert.equal(waits, 1);
  });

  it('needs no wait where it is back already', async () => {
    assert.equal(await containerdIsBack(engineTelling(ALL), BROKEN_OFF, onWait), true);
    assert.equal(waits, 0);
  });

  it('is not waited for without end', async () => {
    assert.equal(await containerdIsBack(engineTelling(WITHOUT), REFUSED, onWait, 10), false);
  });

  it('is not thought of by other failures', async () => {
    const failures = [refusal('no space left on device'), new Error('it is unavailable'), new Cancelled()];
    for (const failure of failures) assert.equal(await containerdIsBack(engineTelling(ALL), failure, onWait), false);
  });

  it('is not waited for any more once the start is cancelled', async () => {
    const engine = { ...engineTelling(WITHOUT), signal: AbortSignal.abort() };
    await assert.rejects(containerdIsBack(engine, REFUSED, onWait), Cancelled);
  });
});
