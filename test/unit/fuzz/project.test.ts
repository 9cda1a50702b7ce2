import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { stringify } from 'yaml';
import type { SourcePosition, SourceRange } from '../../../src/base';
import { isDnsLabel, readRepository, type Repository } from '../../../src/project';
import { Findings } from '../../../src/project/findings';
import { parseJson } from '../../../src/project/json-text';
import { plainValue, type LocatedNode } from '../../../src/project/located-tree';
import { SourceText } from '../../../src/project/text-ranges';
import { parseYaml } from '../../../src/project/yaml-text';
import { CHART, temporaryFolder, VALID, writeFiles, type Files } from '../project/temporary-repository';
import { babble, damaged, encoded, long, numbered, RUNS } from './support';

const JSON_WORDS = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    ' ',
    '\n',
    '//',
    '1',
    '-',
    '.5',
    'true',
    'nul',
    'null',
    '"name"',
    '"id"',
    '"config"',
  ],
  ...['"key"', '"value"', '"port"', '"mount"', '"env"', '"interfaces"', '"type"', '"Name"', '"variables"'],
];
const YAML_WORDS = [
  ...['\n', ' ', '  ', '- ', ': ', '? ', '{', '}', '[', ']', ',', '&a ', '*a', '<<: ', '!!x ', '|', '>', '#', '---'],
  ...['apps', 'name', 'chart', 'values', 'valuesFiles', 'buildArgs', 'runtime', 'ports', 'services', 'path', 'null'],
  ...['build', 'builder', 'cacheFrom', 'cacheTo', 'remote', 'contexts', 'registry', 'tcp://h:1'],
];
const DOCKERFILE_WORDS = [
  ...[
    'FROM ',
    'RUN ',
    'COPY ',
    'ARG ',
    ' AS ',
    'x',
    '\n',
    ' ',
    '\\\n',
    '# escape=`\n',
    '# syntax=',
    '<<E',
    'E',
    '--from=',
  ],
  ...[
    '--mount=',
    '[',
    '"',
    ',',
    '$x',
    '${x',
    ':-',
    '}',
    'ONBUILD ',
    'LABEL ',
    'a=b',
    'HEALTHCHECK ',
    'CMD ',
    '`\n',
    '#',
  ],
];

const VAPP = `apps:
  - &a
    manifest: app/AppManifest.json
    dockerfile: app/Dockerfile
    target: x
    buildArgs: { VERSION: 1.10, DEBUG: true }
    platforms: [linux/amd64, linux/arm64]
    chart:
      path: deploy/VehicleApp/helm
      valuesFiles: [deploy/VehicleApp/helm/values.yaml]
      values: { a: { b: 1 }, "c.d": [x] }
      image: { repository: image.repository, tag: image.tag }
  - { <<: *a, name: other, port: 5000, namespace: other }
build: { builder: tcp://buildkit:1234, cacheFrom: [a.b/cache], cacheTo: a.b/cache }
remote:
  contexts: [{ name: team, registry: a.b/apps, namespace: x, services: { mqtt-broker: b:1883 } }]
runtime:
  agents: 1
  ports:
    - { host: 8080, node: 30080 }
  services: runtime.json
`;
const MANIFEST = `{ "manifestVersion": "v3", "name": "SampleApp", "interfaces": [
  { "type": "pubsub", "config": { "reads": ["a"], "writes": [] } } ] }`;
const OLD_MANIFEST = '[{ "Name": "One", "Port": "50009", "Dockerfile": "app/Dockerfile" }, { "Name": "Two" }]';
const SERVICES = `[ { "id": "mqtt-broker", "interfaces": ["mqtt"], "config": [
  { "key": "image", "value": "x" }, { "key": "port", "value": "1883" }, { "key": "port-forward", "value": "1:2" },
  { "key": "env", "value": "A=b" }, { "key": "mount", "value": "app/Dockerfile:/x" }, { "key": "enabled", "value": true } ] } ]`;
const DOCKERFILE = `# syntax=docker/dockerfile:1
ARG BASE=python
FROM \${BASE}:3 AS base
RUN --mount=type=cache,target=/x pip install \\
  # comment
  x
FROM base
COPY --from=base /a \\
  /b
CMD ["x"]
`;

const CONTENTS: Readonly<Record<string, fc.Arbitrary<Uint8Array>>> = {
  'vapp.yaml': file([VAPP], YAML_WORDS),
  '.velocitas.json': file(
    [String(VALID['.velocitas.json']), '{ "packages": { "a": "1" }, "components": ["a"] }'],
    JSON_WORDS,
  ),
  'app/AppManifest.json': file([MANIFEST, OLD_MANIFEST], JSON_WORDS),
  'app/Dockerfile': file([DOCKERFILE], DOCKERFILE_WORDS),
  'runtime.json': file([SERVICES], JSON_WORDS),
  'deploy/VehicleApp/helm/Chart.yaml': file([String(CHART['deploy/VehicleApp/helm/Chart.yaml'])], YAML_WORDS),
  'deploy/VehicleApp/helm/values.yaml': file([String(CHART['deploy/VehicleApp/helm/values.yaml'])], YAML_WORDS),
};

function file(originals: readonly string[], words: readonly string[]): fc.Arbitrary<Uint8Array> {
  return encoded(fc.oneof(damaged(originals, words), babble(words)));
}

const changedFiles = fc.record(CONTENTS, { requiredKeys: [], noNullPrototype: true }).map((files) => files as Files);

describe('fuzzing the files of a repository', () => {
  it('never fails, finds every value and problem inside its file, and finds the same again', async () => {
    const root = await temporaryFolder();
    await fc.assert(
      fc.asyncProperty(changedFiles, async (changed) => {
        await writeFiles(root, { ...VALID, ...CHART, 'vapp.yaml': VAPP, 'runtime.json': SERVICES, ...changed });
        const repository = await readRepository(root);
        await checkRanges(repository);
        checkNames(repository);
        assert.deepEqual(await readRepository(root), repository);
      }),
      RUNS,
    );
  });

  it('reads JSON as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), damaged([MANIFEST, SERVICES], JSON_WORDS), babble(JSON_WORDS, 12)), (text) => {
        const { tree, failed } = read(parseJson, text);
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          assert.equal(tree, undefined);
          assert.ok(failed);
          return;
        }
        assert.deepEqual(tree && plainValue(tree), expected);
        assert.ok(!failed);
      }),
      RUNS,
    );
  });

  it('reads YAML as it was written, and says why when it cannot', () => {
    const asYaml = (source: SourceText, findings: Findings) => parseYaml(source, findings, { uniqueKeys: true });
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false }), (text) => {
        const value: unknown = JSON.parse(text);
        const { tree } = read(asYaml, stringify(value));
        assert.deepEqual(tree && plainValue(tree), value);
      }),
      RUNS,
    );
    fc.assert(
      fc.property(fc.oneof(damaged([VAPP], YAML_WORDS), babble(YAML_WORDS)), (text) => {
        const { tree, failed } = read(asYaml, text);
        assert.ok(tree ?? failed);
        if (tree) checkTree(tree, text);
      }),
      RUNS,
    );
  });
});

describe('fuzzing long files of a repository', () => {
  const LONG_FILES: Readonly<Record<string, readonly [path: string, content: string]>> = {
    'many apps': ['vapp.yaml', `apps:\n${long('- a\n')}`],
    'many apps in an old manifest': ['app/AppManifest.json', `[${numbered((n) => `{"Name":"a${n}"},`)}{}]`],
    'many services': ['runtime.json', `[${numbered((n) => `{"id":"a${n}"},`)}{}]`],
    'many keys': ['vapp.yaml', numbered((n) => `k${n}: 1\n`)],
    'keys that are merged into many maps': [
      'vapp.yaml',
      `a: &a {${numbered((n) => `k${n}: 1,`).slice(0, -1)}}\nb:\n${long('- <<: *a\n')}`,
    ],
    'aliases of aliases, ever wider': [
      'vapp.yaml',
      ['a0: &a0 x', ...Array.from({ length: 40 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}, *a${n}]`)].join(
        '\n',
      ),
    ],
    'aliases of aliases, ever deeper': ['vapp.yaml', `k: &a0 x\n${numbered((n) => `k: &a${n + 1} [*a${n}]\n`)}`],
    'aliases of aliases as keys': ['vapp.yaml', `k: &a0 x\n${numbered((n) => `? &a${n + 1} [*a${n}]\n: x\n`)}`],
    'colons on one line': ['vapp.yaml', long(': ')],
    'indicators on one line': ['vapp.yaml', long('? - ')],
    'nested brackets': ['vapp.yaml', long('[')],
    'nested JSON': ['runtime.json', long('{"a":[')],
    'a long name of a stage': ['vapp.yaml', `apps:\n- target: ${long('a')}`],
    'many instructions that nobody knows': ['app/Dockerfile', long('a\n')],
    'a long key': ['runtime.json', `[{"id":"a","config":[{"key":"${long('port')}","value":1}]}]`],
    'blanks before a bracket': ['runtime.json', `[1,${long(' ')}]`],
    'line breaks that do not end': ['app/Dockerfile', `FROM a\nRUN ${long('\\\n')}`],
    'a path of many parts': ['vapp.yaml', `apps:\n- chart:\n    values:\n      ${long('a.')}a: 1`],
    NUL: ['vapp.yaml', long('\0')],
  };
  for (const [what, [path, content]] of Object.entries(LONG_FILES)) {
    it(`comes to an end with ${what}`, async () => {
      const root = await temporaryFolder();
      const stage = `FROM a AS ${long('b')}\n`;
      await writeFiles(root, { ...VALID, 'app/Dockerfile': stage, [path]: content });
      await checkRanges(await readRepository(root));
    }).timeout(60_000);
  }

  it('does not read a file that is too long at all', async () => {
    const root = await temporaryFolder();
    await writeFiles(root, { ...VALID, 'vapp.yaml': Buffer.alloc(64 * 1024 * 1024, 'a: &a [*a]\n') });
    const { problems } = await readRepository(root);
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['file-too-large'],
    );
  });
});

function read(parse: (source: SourceText, findings: Findings) => LocatedNode | undefined, text: string) {
  const findings = new Findings();
  const tree = parse(new SourceText('/file', text), findings);
  const lines = linesOf(text);
  for (const { range } of findings.problems) checkRange(range, lines);
  return { tree, failed: findings.problems.some(({ severity }) => severity === 'error') };
}

/** Every part lies inside the text, also one that stands for an alias. */
function checkTree(tree: LocatedNode, text: string): void {
  const lines = linesOf(text);
  const seen = new Set<LocatedNode>();
  const visit = (node: LocatedNode) => {
    if (seen.has(node)) return;
    seen.add(node);
    checkRange(node.range, lines);
    if (node.kind === 'list') node.items.forEach(visit);
    if (node.kind === 'map') {
      for (const { keyRange, value } of node.entries.values()) {
        checkRange(keyRange, lines);
        visit(value);
      }
    }
  };
  visit(tree);
}

function checkNames({ apps, services }: Repository): void {
  const ids = [...apps, ...services].map(({ id }) => id);
  assert.ok(ids.every((id) => isDnsLabel(id)));
  for (const list of [apps, services]) assert.equal(new Set(list.map(({ id }) => id)).size, list.length);
}

/** Every range that stands anywhere in what was read is a place of its file. */
async function checkRanges(repository: Repository): Promise<void> {
  const files = new Map<string, readonly string[]>();
  for (const range of rangesIn(repository)) {
    let lines = files.get(range.file);
    if (!lines) {
      const bytes = await readFile(range.file).catch(() => Buffer.alloc(0));
      lines = linesOf(new TextDecoder().decode(bytes));
      files.set(range.file, lines);
    }
    checkRange(range, lines);
  }
}

function* rangesIn(value: unknown): Generator<SourceRange> {
  if (typeof value !== 'object' || value === null) return;
  if ('file' in value && 'start' in value && 'end' in value) yield value as SourceRange;
  else for (const part of value instanceof Map ? value.values() : Object.values(value)) yield* rangesIn(part);
}

function linesOf(text: string): readonly string[] {
  return text.split(/\r\n|\r|\n/);
}

function checkRange({ file, start, end }: SourceRange, lines: readonly string[]): void {
  const place = `${file}:${start.line}:${start.column}-${end.line}:${end.column}`;
  const isInside = ({ line, column }: SourcePosition) => column >= 1 && column <= (lines[line - 1]?.length ?? -1) + 1;
  assert.ok(isInside(start) && isInside(end), place);
  assert.ok(start.line < end.line || (start.line === end.line && start.column <= end.column), place);
}
