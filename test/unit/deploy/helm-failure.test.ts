import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../../src/base';
import { helmFailure } from '../../../src/deploy/helm-failure';
import { ToolFailure } from '../../../src/tools';

const CHART = '/chart';
const APP = `${CHART}/templates/app.yaml`;

function refused(stderr: string): ToolFailure {
  return new ToolFailure({ code: 'tool-failed', fault: 'environment', summary: 'helm failed' }, 1, '', stderr);
}

function read(stderr: string): unknown {
  return helmFailure(refused(stderr), { release: 'rel', chartPath: CHART });
}

interface Expectation {
  readonly fixture: string;
  readonly code: string;
  readonly fault?: string;
  readonly says: RegExp;
  readonly place?: readonly [file: string, line: number, column: number];
}

const EXPECTATIONS: readonly Expectation[] = [
  { fixture: 'nil-pointer', code: 'chart-invalid', says: /line 4: nil pointer evaluating/, place: [APP, 4, 19] },
  { fixture: 'nil-pointer-upgrade', code: 'chart-invalid', says: /line 3: nil pointer/, place: [APP, 3, 28] },
  { fixture: 'unclosed-action', code: 'chart-invalid', says: /unclosed action/, place: [APP, 4, 1] },
  { fixture: 'unknown-function', code: 'chart-invalid', says: /"nofunction" not defined/, place: [APP, 4, 1] },
  { fixture: 'missing-include', code: 'chart-invalid', says: /no template "nope"/, place: [APP, 4, 12] },
  { fixture: 'required', code: 'chart-invalid', says: /a name is needed/, place: [APP, 4, 12] },
  { fixture: 'yaml', code: 'chart-invalid', says: /did not find expected key/, place: [APP, 1, 1] },
  {
    fixture: 'schema',
    code: 'chart-invalid',
    says: /do not meet its schema/,
    place: [`${CHART}/values.schema.json`, 1, 1],
  },
  {
    fixture: 'values-yaml',
    code: 'chart-invalid',
    says: /values\.yaml cannot be read/,
    place: [`${CHART}/values.yaml`, 1, 1],
  },
  { fixture: 'chart-yaml', code: 'chart-invalid', says: /version is required/, place: [`${CHART}/Chart.yaml`, 1, 1] },
  { fixture: 'no-chart', code: 'chart-invalid', says: /has no Chart\.yaml/, place: [`${CHART}/Chart.yaml`, 1, 1] },
  { fixture: 'dependency', code: 'chart-invalid', says: /not there: sub/, place: [`${CHART}/Chart.yaml`, 1, 1] },
  { fixture: 'unreachable', code: 'cluster-unreachable', fault: 'environment', says: /https:\/\/127\.0\.0\.1:1/ },
  { fixture: 'immutable', code: 'immutable-field', says: /Deployment rel .*\(spec\.selector\)/ },
  { fixture: 'invalid-name', code: 'object-refused', says: /Deployment rel: .*App_1/ },
  { fixture: 'wrong-type', code: 'object-refused', says: /Deployment: .*spec\.replicas of type int32/ },
  { fixture: 'unknown-kind', code: 'kind-unknown', says: /Bar \(foo\/v1\)/ },
  { fixture: 'owned', code: 'object-owned-elsewhere', says: /ConfigMap shared .* the release one/ },
];

describe('what Helm says', () => {
  for (const version of ['helm3', 'helm4']) {
    for (const { fixture, code, fault = 'app', says, place } of EXPECTATIONS) {
      it(`${version}: ${fixture} is ${code}`, () => {
        const failure = read(readFileSync(join(__dirname, 'fixtures', version, `${fixture}.txt`), 'utf8'));
        assert.ok(failure instanceof Failure);
        assert.equal(failure.code, code);
        assert.equal(failure.fault, fault);
        assert.match(failure.summary, says);
        assert.doesNotMatch(failure.summary, /\n/);
        assert.ok(failure.evidence.length > 0);
        const { range } = failure;
        assert.deepEqual(range && [range.file, range.start.line, range.start.column], place);
      });
    }
  }

  it('leaves what it does not know as it was', () => {
    const unknown = refused('Error: something new\n');
    assert.equal(helmFailure(unknown, { release: 'rel' }), unknown);
    const other = new Error('a defect');
    assert.equal(helmFailure(other, { release: 'rel' }), other);
  });

  it('says who is at work on a busy release', () => {
    const failure = read('Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress\n');
    assert.ok(failure instanceof Failure);
    assert.equal(failure.code, 'release-busy');
    assert.equal(failure.fault, 'environment');
  });

  it('takes no number for a place that no file has', () => {
    for (const [said, line, column] of [
      ['0:0', 1, 1],
      ['99999999999999999999:7', 1_000_000, 8],
    ] as const) {
      const failure = read(`Error: template: probe/templates/app.yaml:${said}: executing "x" at <.Values.a>: bad\n`);
      assert.ok(failure instanceof Failure);
      assert.deepEqual(failure.range?.start, { line, column });
    }
  });

  it('takes long words and long texts', () => {
    for (const text of ['a'.repeat(1_000_000), 'a.'.repeat(500_000)]) {
      const unknown = refused(`Error: ${text}`);
      assert.equal(helmFailure(unknown, { release: 'rel' }), unknown);
    }
  });

  it('finds templates of a subchart', () => {
    const failure = read(
      'Error: template: probe/charts/sub/templates/x.yaml:2:3: executing "probe/charts/sub/templates/x.yaml" at <.Values.a>: bad\n',
    );
    assert.ok(failure instanceof Failure);
    assert.equal(failure.range?.file, `${CHART}/charts/sub/templates/x.yaml`);
  });
});
