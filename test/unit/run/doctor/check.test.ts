import assert from 'node:assert/strict';
import { Cancelled, Failure } from '../../../../src/base';
import { check, error, ok, skipped, together, warning, within } from '../../../../src/run/doctor/check';

const redact = (text: string) => text.replaceAll('geheim', '***');
const never = () => new Promise<never>(() => undefined);

describe('a check of the doctor', () => {
  it('tells what it found, without secrets', async () => {
    const found = await check('proxy', () => Promise.resolve(warning('geheim@proxy', 'Unset geheim.')), { redact });
    assert.deepEqual(found, { title: 'proxy', state: 'warning', message: '***@proxy', nextSteps: ['Unset ***.'] });
  });

  it('takes a failure for an error with its next steps', async () => {
    const failure = new Failure({
      code: 'x',
      fault: 'environment',
      summary: 'geheim fails.',
      nextSteps: ['Do geheim.'],
    });
    const found = await check('x', () => Promise.reject(failure), { redact });
    assert.deepEqual(found, { title: 'x', state: 'error', message: '*** fails.', nextSteps: ['Do ***.'] });
  });

  it('ends what does not answer, and says after how long', async () => {
    let told: AbortSignal | undefined;
    const look = (signal: AbortSignal) => {
      told = signal;
      return never();
    };
    const found = await check('docker', look, { redact, limitMs: 20 });
    assert.equal(found.state, 'error');
    assert.equal(found.message, 'no answer within 0.02 s');
    assert.equal(told?.aborted, true);
  });

  it('ends what it has begun when it has its answer', async () => {
    let told: AbortSignal | undefined;
    await within(10_000, (signal) => {
      told = signal;
      return Promise.resolve(1);
    });
    assert.equal(told?.aborted, true);
  });

  it('is cancelled with the job, and no error then', async () => {
    const stop = new AbortController();
    const checking = check('docker', never, { redact, signal: stop.signal });
    stop.abort();
    await assert.rejects(checking, Cancelled);
  });
});

describe('findings', () => {
  it('are together as grave as the gravest, in their order', () => {
    const all = together([ok('a'), warning('b', 'do b'), error('c', 'do c', 'do b'), skipped('d')]);
    assert.deepEqual(all, { state: 'error', message: 'a; b; c', nextSteps: ['do b', 'do c'] });
  });

  it('are skipped only when all are', () => {
    assert.equal(together([skipped('a'), skipped('b')]).state, 'skipped');
    assert.deepEqual(together([skipped('a'), ok('b')]), { state: 'ok', message: 'b', nextSteps: [] });
  });
});
