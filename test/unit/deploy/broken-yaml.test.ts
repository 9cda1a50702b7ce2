import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brokenYamlIn, placeOfBrokenYaml, type BrokenYaml } from '../../../src/deploy/broken-yaml';
import type { ValueRanges } from '../../../src/project';

const SOURCE = 'probe/templates/app.yaml';
const HEAD = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n';

describe('a template that renders to no YAML', () => {
  let chart: string;

  before(async () => {
    chart = await mkdtemp(join(tmpdir(), 'vapp-unit-'));
    await mkdir(join(chart, 'templates'));
  });

  after(() => rm(chart, { recursive: true }));

  const at = { file: '/repo/values.yaml', start: { line: 7, column: 1 }, end: { line: 7, column: 5 } };
  const ranges: ValueRanges = new Map([['word', at]]);

  /** @param rendered as `helm template --debug` writes it. */
  const placeOf = async (template: string, rendered: string, helm: Partial<BrokenYaml> = {}) => {
    await writeFile(join(chart, 'templates', 'app.yaml'), template);
    return placeOfBrokenYaml(rendered, { source: SOURCE, line: 1, what: 'wrong', ...helm }, chart, ranges);
  };
  const said = (rendered: string) =>
    `---\n# Source: probe/templates/a.yaml\na: [\n---\n# Source: ${SOURCE}\n${rendered}\n---\n# Source: probe/templates/z.yaml\na: [\n`;

  for (const version of ['helm3', 'helm4']) {
    it(`is named by ${version}`, () => {
      const text = readFileSync(join(__dirname, 'fixtures', version, 'yaml.txt'), 'utf8');
      assert.deepEqual(brokenYamlIn(text), { source: SOURCE, line: 4, what: 'did not find expected key' });
    });
  }

  const cases: [string, string, string, number][] = [
    ['in a value', `${HEAD}  a: {{ .Values.word }}\n  b: c\n`, `${HEAD}  a: a: b: c\n  b: c`, 6],
    ['in quotes', `${HEAD}  a: '{{ .Values.word }}'\n  b: c\n`, `${HEAD}  a: 'it's'\n  b: c`, 6],
    ['in its second document', `${HEAD}---\n${HEAD}  a: {{ .Values.word }}\n`, `${HEAD}---\n${HEAD}  a: a: b: c`, 12],
  ];
  for (const [where, template, rendered, line] of cases) {
    it(`${where} is placed there, with the value`, async () => {
      const place = await placeOf(template, said(rendered));
      assert.equal(place?.range?.file, join(chart, 'templates', 'app.yaml'));
      assert.equal(place.range.start.line, line);
      assert.match(place.summary, new RegExp(`templates/app\\.yaml, line ${line}: “a: `));
      assert.deepEqual(place.related, [{ range: at, message: 'the value word' }]);
    });
  }

  it('is placed at a line of its own text', async () => {
    const what = 'mapping values are not allowed in this context';
    for (const before of ['', '# first\n---\n']) {
      const text = `${before}${HEAD}  a: 1\n   b: 2`;
      const place = await placeOf(text, said(text), { line: 7, what });
      assert.deepEqual(place?.range?.start, { line: before === '' ? 7 : 9, column: 4 });
      assert.deepEqual(place.related, []);
    }
    const tab = 'kind: ConfigMap\nmetadata:\n\tname: x\n';
    assert.equal((await placeOf(tab, said(tab)))?.range?.start.line, 3);
  });

  it('is placed in the file alone, where several lines may have written it', async () => {
    const place = await placeOf('{{ .a }}: {{ .b }}\n{{ .c }}: {{ .d }}\n', said('x: 1: 2\ny: 3'));
    assert.deepEqual(place?.range?.start, { line: 1, column: 1 });
    assert.deepEqual(place.related, []);
  });

  it('is left to Helm, where it reads well to us', async () => {
    assert.equal(await placeOf(HEAD, said(HEAD)), undefined);
    assert.equal(await placeOf(HEAD, ''), undefined);
  });
});
