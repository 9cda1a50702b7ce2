import assert from 'node:assert/strict';
import { Failure } from '../../../src/base';
import { brokenYamlIn, placeOfBrokenYaml } from '../../../src/deploy/broken-yaml';
import { chartFile } from '../../../src/deploy/chart-file';
import { placeOfObject } from '../../../src/deploy/chart-places';
import { helmFailure } from '../../../src/deploy/helm-failure';
import { ToolFailure } from '../../../src/tools';

const CHART = '/repository/deploy/app/helm';
/** Whoever reads it to its end never comes back. */
const ENDLESS = 'hostile/../../../../../../../dev/zero';

describe('a file that a chart makes Helm name', () => {
  it('is one of the chart', () => {
    assert.equal(chartFile(CHART, 'templates/app.yaml'), `${CHART}/templates/app.yaml`);
    assert.equal(chartFile(CHART, 'charts/../templates/..x.yaml'), `${CHART}/templates/..x.yaml`);
    for (const path of ['..', '../x', 'templates/../../x', '../../../../../dev/zero']) {
      assert.equal(chartFile(CHART, path), undefined, path);
    }
  });

  it('is not read when it is another, whatever stands in front of the refused object', async () => {
    const manifest = `---\n# Source: ${ENDLESS}\nkind: ConfigMap\nmetadata: { name: x }\n`;
    assert.deepEqual(await placeOfObject(manifest, CHART, { kind: 'ConfigMap', name: 'x' }, undefined), {});
  });

  it('is not read when it is another, whatever is no YAML', async () => {
    const broken = brokenYamlIn(`YAML parse error on ${ENDLESS}: error converting YAML to JSON: yaml: line 1: x`);
    assert.ok(broken);
    const rendered = `---\n# Source: ${ENDLESS}\n"x\n`;
    assert.equal(await placeOfBrokenYaml(rendered, broken, CHART, undefined), undefined);
  });

  it('is no place to look at when it is another', () => {
    const said = `Error: execution error at (hostile/../../../../../etc/passwd:1:2): no`;
    const details = { code: 'tool-failed', fault: 'environment', summary: '' } as const;
    const failure = helmFailure(new ToolFailure(details, 1, '', said), { release: 'x', chartPath: CHART });
    assert.ok(failure instanceof Failure);
    assert.equal(failure.code, 'chart-invalid');
    assert.equal(failure.range, undefined);
  });
});
