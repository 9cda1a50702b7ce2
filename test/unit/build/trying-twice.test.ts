import assert from 'node:assert/strict';
import { Failure } from '../../../src/base';
import type { BuildEvent } from '../../../src/build';
import { tryingTwice } from '../../../src/build/build';

describe('build: once more when the engine has lost a layer', () => {
  const failure = (code: string) => new Failure({ code, fault: 'environment', summary: `It is ${code}.` });

  /** Ends as these say, one after the other. */
  async function run(...ends: (Failure | 'done')[]): Promise<{ result: unknown; warnings: string[]; builds: number }> {
    const warnings: string[] = [];
    const onEvent = (event: BuildEvent) => event.type === 'warning' && warnings.push(event.message);
    let builds = 0;
    const build = () => {
      const end = ends[builds++] ?? 'done';
      return end === 'done' ? Promise.resolve(end) : Promise.reject(end);
    };
    const result = await tryingTwice({ onEvent }, build).catch((error: unknown) => error);
    return { result, warnings, builds };
  }

  it('says so, and builds again', async () => {
    const { result, warnings, builds } = await run(failure('build-cache-lost'), 'done');
    assert.deepEqual([result, builds], ['done', 2]);
    assert.deepEqual(warnings, ['It is build-cache-lost. It is built once more.']);
  });

  it('fails when it happens again', async () => {
    const { result, warnings, builds } = await run(failure('build-cache-lost'), failure('build-cache-lost'), 'done');
    assert.ok(result instanceof Failure && result.code === 'build-cache-lost');
    assert.deepEqual([warnings.length, builds], [1, 2]);
  });

  it('does not for any other reason', async () => {
    const { result, warnings, builds } = await run(failure('build-failed'), 'done');
    assert.ok(result instanceof Failure && result.code === 'build-failed');
    assert.deepEqual([warnings.length, builds], [0, 1]);
  });
});
