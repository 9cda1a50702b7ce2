import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure, type SourceRange } from '../../../src/base';
import { placeOfObject } from '../../../src/deploy/chart-places';
import { helmFailure, refusedObjectIn } from '../../../src/deploy/helm-failure';
import type { ValueRanges } from '../../../src/project';
import { ToolFailure } from '../../../src/tools';

const at = (line: number): SourceRange => ({
  file: '/repo/values.yaml',
  start: { line, column: 1 },
  end: { line, column: 2 },
});
const ranges = (lines: Readonly<Record<string, number>>): ValueRanges =>
  new Map(Object.entries(lines).map(([path, line]) => [path, at(line)]));

describe('the places of a chart that Helm names', () => {
  const read = (version: string, fixture: string, valueRanges: ValueRanges): Failure => {
    const stderr = readFileSync(join(__dirname, 'fixtures', version, `${fixture}.txt`), 'utf8');
    const error = new ToolFailure({ code: 'tool-failed', fault: 'environment', summary: 'x' }, 1, '', stderr);
    const failure = helmFailure(error, { release: 'rel', chartPath: '/chart', valueRanges });
    assert.ok(failure instanceof Failure);
    return failure;
  };
  const related = ({ related: places }: Failure) => places.map(({ range, message }) => [range.start.line, message]);

  for (const version of ['helm3', 'helm4']) {
    it(`${version}: the template's line, and the value that it asks for`, () => {
      const failure = read(version, 'nil-pointer', ranges({ no: 7 }));
      assert.equal(failure.range?.start.line, 4);
      assert.deepEqual(related(failure), [[7, 'no.such would be set here']]);
      assert.deepEqual(related(read(version, 'nil-pointer', ranges({}))), []);
    });

    it(`${version}: the value that the schema refuses, and the schema`, () => {
      const failure = read(version, 'schema', ranges({ a: 3 }));
      assert.deepEqual(failure.range, at(3));
      assert.deepEqual(related(failure), [[1, 'the schema']]);
    });

    for (const [fixture, refused] of Object.entries({
      'invalid-name': { kind: 'Deployment', name: 'rel', field: 'spec.template.spec.containers[0].name' },
      'wrong-type': { kind: 'Deployment', field: 'spec.replicas' },
      immutable: { kind: 'Deployment', name: 'rel', field: 'spec.selector' },
      'unknown-kind': { kind: 'Bar', name: 'x', field: 'apiVersion' },
      owned: { kind: 'ConfigMap', name: 'shared', field: 'metadata.name' },
    })) {
      it(`${version}: the object of ${fixture}`, () => {
        const text = readFileSync(join(__dirname, 'fixtures', version, `${fixture}.txt`), 'utf8');
        assert.deepEqual({ ...refusedObjectIn(text) }, refused);
      });
    }
  }

  it('are none in other words', () => {
    assert.equal(refusedObjectIn('Error: something else'), undefined);
  });
});

describe('where an object of a chart comes from', () => {
  const TEMPLATE = [
    'apiVersion: apps/v1',
    'kind: Deployment',
    'metadata:',
    '  name: {{ .Release.Name }}',
    'spec:',
    '  replicas: {{ .Values.scale.replicas }}',
    '  template:',
    '    spec:',
    '      containers:',
    '        {{- range .Values.names }}',
    '        - name: {{ . }}',
    '        {{- end }}',
    '',
  ];
  const MANIFEST = `---
# Source: probe/templates/other.yaml
apiVersion: v1
kind: Service
metadata: { name: rel }
---
# Source: probe/templates/app.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: rel
spec:
  replicas: many
  template:
    spec:
      containers:
        - name: App_1
`;
  let chart: string;

  before(async () => {
    chart = await mkdtemp(join(tmpdir(), 'vapp-unit-'));
    await mkdir(join(chart, 'templates'));
    await writeFile(join(chart, 'templates', 'app.yaml'), TEMPLATE.join('\n'));
    assert.match(await readFile(join(chart, 'templates', 'app.yaml'), 'utf8'), /replicas/);
  });

  after(() => rm(chart, { recursive: true }));

  const place = async (field: string, more: { kind?: string; name?: string } = {}) => {
    const refused = { kind: 'Deployment', name: 'rel', field, ...more };
    const { range, related = [] } = await placeOfObject(MANIFEST, chart, refused, ranges({ 'scale.replicas': 9 }));
    return range && [range.start.line, range.start.column, ...related.map((value) => value.range.start.line)];
  };

  it('is the line of its field, with the value that it takes', async () => {
    assert.deepEqual(await place('spec.replicas'), [6, 3, 9]);
  });

  it('is the line with the same key, as often before, where the text is another one', async () => {
    assert.deepEqual(await place('spec.template.spec.containers[0].name'), [11, 9]);
    assert.deepEqual(await place('metadata.name'), [4, 3]);
  });

  it('is the deepest part of the field that is there', async () => {
    assert.deepEqual(await place('spec.template.spec.volumes[3].name'), [8, 5]);
    assert.deepEqual(await place('no.such'), [2, 1]);
  });

  it('is unknown for what the chart does not have', async () => {
    assert.equal(await place('spec', { name: 'other' }), undefined);
    assert.equal(await place('spec', { kind: 'Job' }), undefined);
  });
});
