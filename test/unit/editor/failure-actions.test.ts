import assert from 'node:assert/strict';
import { Failure, startOfFile, type FailureDetails } from '../../../src/base';
import { failureActions, originOfJob, type FailureOrigin } from '../../../src/editor/failure-actions';
import { l10n } from './tree-fakes';

const RANGE = startOfFile('/repo/vapp.yaml');
const VALUE = startOfFile('/repo/deploy/values.yaml');
const RUN = originOfJob({ kind: 'run', title: 'Running', apps: ['a'] });

function offered(more: Partial<FailureDetails>, origin: FailureOrigin = RUN): string[] {
  const failure = new Failure({ code: 'some', fault: 'app', summary: 'It failed.', ...more });
  return failureActions(failure, origin, l10n).map((action) =>
    action.kind === 'open' ? `${action.label}: ${action.range.file}` : `${action.label}: ${action.command}`,
  );
}

describe('what can be done about a failure', () => {
  it('is to open its place and the value, and to try again', () => {
    assert.deepEqual(offered({ range: RANGE, related: [{ range: VALUE, message: 'the value' }] }), [
      'Open File: /repo/vapp.yaml',
      'Open Value: /repo/deploy/values.yaml',
      'Try Again: run',
    ]);
  });

  it('is nothing about a place that is a problem of its own', () => {
    const related = [{ range: VALUE, message: 'another error', evidence: [] }];
    assert.deepEqual(offered({ range: RANGE, related }), ['Open File: /repo/vapp.yaml', 'Try Again: run']);
  });

  it('is to raise the limit that was not enough, and to read what came before the end', () => {
    assert.deepEqual(offered({ code: 'out-of-memory', range: RANGE }), [
      'Raise Limit: /repo/vapp.yaml',
      'Previous Log: showPreviousLog',
      'Try Again: run',
    ]);
  });

  it('is to have the machine looked at, where it is at fault', () => {
    assert.deepEqual(offered({ fault: 'environment' }), ['Try Again: run', 'Doctor: doctor']);
  });

  it('is nothing that needs an app, where it is about none or several', () => {
    const several = originOfJob({ kind: 'start', title: 'Starting', apps: [] });
    assert.deepEqual(offered({ code: 'app-exited' }, several), ['Try Again: startRuntime']);
    assert.deepEqual(offered({}, { ofApp: false }), []);
  });

  it('begins the same command anew', () => {
    const job = { kind: 'build', title: 'Building', apps: ['a'], command: 'buildForPlatforms' } as const;
    assert.deepEqual(offered({}, originOfJob(job)), ['Try Again: buildForPlatforms']);
  });
});
