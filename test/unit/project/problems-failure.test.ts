import assert from 'node:assert/strict';
import type { Problem } from '../../../src/base';
import { problemsFailure } from '../../../src/project';

describe('problemsFailure', () => {
  const problem = (severity: Problem['severity'], message: string, line: number, hint?: string): Problem => ({
    severity,
    code: 'x',
    message,
    range: { file: '/r/vapp.yaml', start: { line, column: 3 }, end: { line, column: 5 } },
    ...(hint === undefined ? {} : { hint }),
  });

  it('turns errors into one failure of the app', () => {
    const failure = problemsFailure([
      problem('warning', 'Minor.', 1, 'Ignore it.'),
      problem('error', 'First.', 2, 'Fix it.'),
      problem('error', 'Second.', 4, 'Fix it.'),
    ]);
    assert.equal(failure.code, 'repository-invalid');
    assert.equal(failure.fault, 'app');
    assert.equal(failure.summary, 'First. And 1 more error.');
    assert.deepEqual(failure.evidence, ['/r/vapp.yaml:2:3 First.', '/r/vapp.yaml:4:3 Second.']);
    assert.deepEqual(failure.range?.start, { line: 2, column: 3 });
    assert.deepEqual(failure.nextSteps, ['Fix it.']);
  });

  it('refuses to make a failure of warnings', () => {
    assert.throws(() => problemsFailure([problem('warning', 'Minor.', 1)]), /none of the problems is an error/);
  });
});
