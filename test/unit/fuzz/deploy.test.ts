import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse } from 'yaml';
import { Failure } from '../../../src/base';
import { brokenYamlIn, placeOfBrokenYaml } from '../../../src/deploy/broken-yaml';
import { helmFailure, refusedObjectIn } from '../../../src/deploy/helm-failure';
import { dotAt, templateLineOf } from '../../../src/deploy/template-lines';
import { deployValues, nested, type Values } from '../../../src/deploy/values';
import { ToolFailure } from '../../../src/tools';
import { babble, damaged, long, LONG_TEXT, RUNS } from './support';

const FIXTURES = join(__dirname, '..', 'deploy', 'fixtures');
const RECORDED = ['helm3', 'helm4'].flatMap((version) =>
  readdirSync(join(FIXTURES, version)).map((name) => readFileSync(join(FIXTURES, version, name), 'utf8')),
);
const STRANGE = ['0', '99999999999999999999', '9'.repeat(400)].flatMap((number) => [
  `Error: template: x/templates/y.yaml:${number}:${number}: executing "x" at <.Values.a>: nil pointer`,
  `Error: cannot load values.yaml: yaml: line ${number}: mapping values are not allowed`,
  `Error: failed to parse /x/values.yaml: yaml: line ${number}: did not find`,
  `Error: execution error at (x/templates/y.yaml:${number}:${number}): no`,
]);
const WORDS = [
  ...[
    'Error: ',
    'UPGRADE FAILED: ',
    'execution error at (',
    'template: ',
    'x/templates/y.yaml',
    ':',
    '4',
    '0',
    '99999999999999999999',
  ],
  ...[
    '): ',
    '\n',
    '"a"',
    ' is invalid: ',
    'Deployment.apps ',
    'in namespace "b" exists and cannot be imported into the current release',
  ],
  ...[
    'field is immutable',
    'cannot patch ',
    ' with kind ',
    'no matches for kind "A" in version "b"',
    'yaml: line ',
    'cannot load values.yaml: ',
  ],
  ...[
    "values don't meet the specifications of the schema(s)\n",
    '- x',
    'failed to parse /x: ',
    'Kubernetes cluster unreachable: ',
    'WARNING: ',
  ],
];
const stderr = fc.oneof(damaged([...RECORDED, ...STRANGE], WORDS), babble(WORDS));

function said(text: string): ToolFailure {
  return new ToolFailure({ code: 'tool-failed', fault: 'environment', summary: 'helm failed' }, 1, '', text);
}

describe('fuzzing what Helm says', () => {
  it('explains it or leaves it as it is, with places from 1', () => {
    fc.assert(
      fc.property(stderr, fc.boolean(), (text, withChart) => {
        const error = said(text);
        const context = { release: 'app', ...(withChart ? { chartPath: '/chart' } : {}) };
        const failure = helmFailure(error, context);
        assert.ok(failure instanceof Failure && failure.summary !== '');
        assert.ok(failure === error || failure.evidence.length <= 20);
        for (const { line, column } of [failure.range?.start, failure.range?.end].flatMap((place) => place ?? [])) {
          assert.ok(Number.isSafeInteger(line) && line >= 1 && Number.isSafeInteger(column) && column >= 1);
        }
        refusedObjectIn(text);
      }),
      RUNS,
    );
  });

  const PARTS = [
    ...[
      'a',
      'a.',
      'a b ',
      '"',
      '"a" ',
      'Error: a/',
      'template: a/',
      'cannot patch "a" ',
      'Invalid value: {',
      'path "',
      '- a\n',
    ],
    ...['Pod "a" in namespace "', 'executing "a" at <', 'WARNING\n', 'a cannot be handled as a ', '" is invalid: '],
  ];
  for (const part of PARTS) {
    it(`comes to an end with ${JSON.stringify(part)} again and again`, () => {
      const text = long(part, 10 * LONG_TEXT);
      for (const before of ['', 'field is immutable ', 'template: a/b:1:2: ']) {
        helmFailure(said(`${before}${text}.`), { release: 'app', chartPath: '/chart' });
      }
    }).timeout(60_000);
  }
});

const key = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'image',
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'a\\.b',
    '',
    'hasOwnProperty',
  ),
  fc.string({ unit: 'binary', maxLength: 3 }),
);
const { values: tree } = fc.letrec<{ values: Values; value: unknown }>((tie) => ({
  values: fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  value: fc.oneof({ depthSize: 'small' }, fc.constantFrom<unknown>(1, 'x', null, true, []), tie('values')),
}));

const lines = babble(
  [
    ...[
      '{{ .Values.a }}',
      '{{- toYaml . | nindent 4 }}',
      '{{- if .x }}',
      '{{- end }}',
      '{{- with .Values.b }}',
      '{{',
      '}}',
    ],
    ...[
      '{{/* a */}}',
      '{{ $x := 1 }}',
      'a: ',
      'b: 1',
      '- ',
      '---',
      '# Source: x/y.yaml',
      '\n',
      '  ',
      '"',
      "'",
      '[',
      '|',
    ],
  ],
  200,
).map((text) => text.split('\n'));

describe('fuzzing templates and what they render to', () => {
  it('finds a line that there is, or none', () => {
    fc.assert(
      fc.property(lines, lines, fc.nat(20), (rendered, template, line) => {
        const found = templateLineOf(rendered, line, template);
        assert.ok(found === undefined || template[found] !== undefined);
        dotAt(template, line);
      }),
      RUNS,
    );
  });

  it('places broken YAML in the template, or not at all', async () => {
    await fc.assert(
      fc.asyncProperty(
        lines,
        fc.nat(99),
        fc.constantFrom('x', 'mapping values are not allowed'),
        async (text, line, what) => {
          const rendered = ['# Source: x/y.yaml', ...text].join('\n');
          const place = await placeOfBrokenYaml(rendered, { source: 'x/y.yaml', line, what }, '/nowhere', undefined);
          assert.ok(place === undefined || place.range?.file === '/nowhere/y.yaml');
          brokenYamlIn(rendered);
        },
      ),
      RUNS,
    );
  });

  for (const part of ['{{ .x }}', 'a{{ .x }}', '{{', '{{ .x }}\n', 'a: 1\n', 'a: {{ .x }}\n', '{{- end }}\n']) {
    it(`comes to an end with ${JSON.stringify(part)} again and again`, () => {
      const template = long(part).split('\n');
      for (const rendered of [long('a: 1\n'), long('a')]) templateLineOf(rendered.split('\n'), 300, template);
      dotAt(template, template.length - 1);
    }).timeout(60_000);
  }
});

describe('fuzzing the values of a chart', () => {
  it('puts each value at its path, whatever the path is', () => {
    const path = fc.array(
      fc.stringMatching(/^[^.\\]+$/).filter((part) => part !== ''),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(
        fc.oneof(path, fc.array(fc.constantFrom('__proto__', 'constructor', 'a'), { minLength: 1 })),
        (keys) => {
          let at: unknown = nested({ [keys.join('.')]: 'value' });
          for (const part of keys) {
            assert.deepEqual(Object.keys(at as object), [part]);
            at = Object.getOwnPropertyDescriptor(at, part)?.value;
          }
          assert.equal(at, 'value');
        },
      ),
      RUNS,
    );
  });

  it('merges what users set, and nothing into what all objects inherit', () => {
    const image = { repository: 'x', digest: `sha256:${'0'.repeat(64)}` };
    fc.assert(
      fc.property(tree, tree, fc.array(fc.oneof(tree, fc.jsonValue()), { maxLength: 3 }), (defaults, values, files) => {
        const chart = { source: 'builtin', valuesFiles: [], values, imageValues: { tag: 'image.tag' } } as const;
        const request = { chart, image, defaults };
        const fileValues: unknown[] = files.map((file) => parse(JSON.stringify(file)) as unknown);
        const merged = deployValues(request, fileValues);
        assert.equal((merged['image'] as Values)['tag'], '0'.repeat(12));
        assert.deepEqual(
          JSON.parse(JSON.stringify(deployValues(request, fileValues))),
          JSON.parse(JSON.stringify(merged)),
        );
        assert.deepEqual(Object.keys({}), []);
      }),
      RUNS,
    );
  });
});
