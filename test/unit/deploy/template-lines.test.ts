import assert from 'node:assert/strict';
import { dotAt, templateLineOf } from '../../../src/deploy/template-lines';

const TEMPLATE = `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  labels:
    {{- include "labels" . | nindent 4 }}
data:
  {{- if .Values.word }}
  word: {{ .Values.word | quote }}-{{ .Values.end }}.
  {{- end }}
  {{- range $key, $value := .Values.list }}
  {{ $key }}: {{ $value }}
  {{- end }}
  same: 1
  text: {{ .Values.text }}
other:
  same: 1`.split('\n');

const RENDERED = `apiVersion: v1
kind: ConfigMap
metadata:
  name: probe
  labels:
    a: b
    c: d
data:
  word: "x"-y.
  one: 1
  two: 2
  same: 1
  text: first
second
other:
  same: 1`.split('\n');

describe('the line of a template', () => {
  const lineOf = (text: string, occurrence = 0) => {
    const line = RENDERED.flatMap((each, index) => (each.trim() === text ? [index] : []))[occurrence] ?? -1;
    const found = templateLineOf(RENDERED, line, TEMPLATE);
    return found === undefined ? undefined : TEMPLATE[found]?.trim();
  };

  it('is the one that reads like the rendered one', () => {
    assert.equal(lineOf('kind: ConfigMap'), 'kind: ConfigMap');
    assert.equal(lineOf('one: 1'), '{{ $key }}: {{ $value }}');
    assert.equal(templateLineOf(['a: "x"-y.'], 0, ['{{- if .x }}', 'a: {{ .x | quote }}-{{- .y }}.', 'a: -']), 1);
  });

  it('is the action that wrote what no line reads like', () => {
    assert.equal(templateLineOf(['a:', '  b'], 1, ['a:', '  {{- toYaml .Values.a }}']), 1);
    assert.equal(templateLineOf(['a: one', 'two'], 1, ['a: {{ .Values.a }}', '{{- if .b }}']), 0);
  });

  it('is told from those that read alike by its neighbours', () => {
    const rendered = ['x:', '  same: 1', 'y:', '  same: 1', 'z:'];
    const template = ['x:', '  same: {{ .a }}', 'y:', '  same: {{ .b }}', 'z:'];
    assert.equal(templateLineOf(rendered, 1, template), 1);
    assert.equal(templateLineOf(rendered, 3, template), 3);
  });

  it('is none where it may be one of several', () => {
    assert.equal(lineOf('same: 1'), undefined);
    assert.equal(templateLineOf(['a'], 0, ['{{ .x }}', '{{ .y }}']), undefined);
    assert.equal(templateLineOf(['a: {{ x }}', 'b'], 1, ['a: {{ .x }}', '{{ .y }}']), undefined);
    assert.equal(templateLineOf([], 0, []), undefined);
  });

  it('takes time in proportion to its length', () => {
    const hostile = `${'a{{ .x }}'.repeat(20_000)}b`;
    assert.equal(templateLineOf(['a'.repeat(200_000)], 0, [hostile]), undefined);
  });
});

describe('what the dot is in a template', () => {
  const template = `{{- with .Values.resources }}
resources:
  {{- if .limits }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- range .Values.list }}
- {{ . }}
{{- end }}
x: {{ . }}`.split('\n');

  it('is the value of the innermost "with"', () => {
    assert.equal(dotAt(template, 3), '.Values.resources');
  });

  it('is no value of its own in a list, or in none of them', () => {
    assert.equal(dotAt(template, 7), undefined);
    assert.equal(dotAt(template, 9), undefined);
  });
});
