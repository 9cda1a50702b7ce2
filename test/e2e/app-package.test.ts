import assert from 'node:assert/strict';
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { AppPackage } from '../../src/run';
import { Toolbox, dockerClient } from '../../src/tools';
import { lightApp } from './support/light-app';
import { TestRegistry } from './support/registry';
import { TestWorkspace, assertDone, assertFailed } from './support/workspace';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const IMAGE = `ghcr.io/owner/repo/packed@${DIGEST}`;

/** As the older Velocitas repositories have it: the digest only fits into the tag. */
const OLD_CHART = {
  'deploy/VehicleApp/helm/Chart.yaml': '# the old one\napiVersion: v2\nname: vapp-chart\nversion: 0.1.0\n',
  'deploy/VehicleApp/helm/values.yaml': `imageVehicleApp:
  name: packed
  repository: localhost:12345/packed # overwritten
  tag: local
level: info
`,
  'deploy/VehicleApp/helm/templates/pod.yaml': `apiVersion: v1
kind: Pod
metadata: { name: "{{ .Values.imageVehicleApp.name }}" }
spec:
  containers:
    - name: app
      image: "{{ .Values.imageVehicleApp.repository }}:{{ .Values.imageVehicleApp.tag }}"
      args: ["{{ .Values.level }}", "{{ .Values.mode }}"]
`,
  'deploy/release.yaml': 'level: warn\nmode: file\n',
};

describe('the package of an app', function () {
  this.timeout('2m');
  let workspace: TestWorkspace;

  beforeEach(async () => {
    workspace = await TestWorkspace.create('Verpackt schön');
    await workspace.write({
      ...lightApp({ name: 'Packed' }),
      'vapp.yaml': [
        'apps:',
        '  - manifest: app/AppManifest.json',
        '    port: 8080',
        '    chart: { values: { securityContext: { readOnlyRootFilesystem: true }, env: { GREETING: "1" } } }',
        '',
      ].join('\n'),
    });
    await workspace.remove('runtime.json');
  });

  afterEach(() => workspace.dispose());

  const pack = (image = IMAGE, version = '1.2.3', ...more: string[]) =>
    workspace.vapp(['package', '--image', image, '--version', version, ...more]);

  async function packed(...more: string[]): Promise<string> {
    const result = await pack(IMAGE, '1.2.3', ...more);
    assertDone(result);
    return (result.outcome.value as AppPackage).file;
  }

  for (const [name, variable] of [
    ['Helm 3', 'VAPP_TEST_HELM3'],
    ['Helm 4', 'VAPP_TEST_HELM4'],
  ] as const) {
    it(`goes through a registry by ${name}, and runs the very image without any more values`, async () => {
      const environment = workspace.environment();
      const tools = new Toolbox({ ...environment, VAPP_HELM: environment[variable] });
      const helm = async (...words: string[]) => (await tools.run('helm', words)).stdout;
      const registry = await TestRegistry.start(await dockerClient(tools));
      try {
        const file = await packed('--destination', 'dist/charts');
        assert.equal(file, join(workspace.path, 'dist/charts/packed-1.2.3.tgz'));
        await helm('push', file, `oci://${registry.host}/charts`, '--plain-http');
        const pulled = join(workspace.home, 'pulled');
        await mkdir(pulled);
        const source = [`oci://${registry.host}/charts/packed`, '--version', '1.2.3', '--plain-http'];
        await helm('pull', ...source, '--destination', pulled);
        assert.deepEqual(await readdir(pulled), ['packed-1.2.3.tgz']);
        const archive = join(pulled, 'packed-1.2.3.tgz');
        assert.deepEqual(await readFile(archive), await readFile(file));

        assert.match(await helm('template', 'any', archive), new RegExp(`image: "${IMAGE}"`));
        await helm('lint', '--strict', archive);
        const about = parse(await helm('show', 'chart', archive)) as Record<string, string>;
        assert.deepEqual([about['name'], about['version'], about['appVersion']], ['packed', '1.2.3', '1.2.3']);
        const text = await helm('show', 'values', archive);
        assert.match(text, /# The app's image\. A digest pins it/, 'comments stay');
        const values = parse(text) as Record<string, Record<string, unknown>>;
        assert.deepEqual(values['securityContext'], {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          readOnlyRootFilesystem: true,
        });
        assert.equal(values['port'], 8080);
        assert.equal(values['env']?.['GREETING'], '1');
        assert.equal(values['env']['SDV_MQTT_ADDRESS'], 'mqtt://mqtt-broker:1883');
      } finally {
        await registry.dispose();
      }
    });
  }

  it('is made of the app’s own chart and values files, which stay as they are', async () => {
    await workspace.write({
      ...OLD_CHART,
      'vapp.yaml':
        'apps:\n  - chart: { path: deploy/VehicleApp/helm, valuesFiles: [deploy/release.yaml], values: { mode: set } }\n',
    });
    const file = await packed();
    const { stdout } = await new Toolbox(workspace.environment()).run('helm', ['template', 'any', file]);
    assert.match(stdout, new RegExp(`image: "${IMAGE}"`));
    assert.match(stdout, /args: \["warn", "set"\]/);
    for (const [path, text] of Object.entries(OLD_CHART)) {
      assert.equal(await readFile(join(workspace.path, path), 'utf8'), text);
    }
  });

  it('is refused without digest, with a version that is none, or where no folder can be', async () => {
    assertFailed(await pack('ghcr.io/owner/repo/packed:1.2.3'), 'image-not-pinned', 2);
    assertFailed(await pack('Not A Name'), 'image-reference-invalid', 2);
    assert.match(assertFailed(await pack(IMAGE, 'v1.2.3'), 'version-invalid', 2).nextSteps[0] ?? '', / 1\.2\.3\.$/);
    assertFailed(await pack(IMAGE, '1.2'), 'version-invalid', 2);
    await workspace.write({ dist: 'a file' });
    assertFailed(await pack(IMAGE, '1.2.3', '--destination', 'dist'), 'destination-unusable', 2);
    assertFailed(await workspace.vapp(['package', 'other', '--image', IMAGE, '--version', '1.0.0']), 'app-unknown', 2);
  });

  it('is not made of a chart that does not render', async () => {
    await workspace.write({ ...OLD_CHART, 'deploy/VehicleApp/helm/templates/pod.yaml': '{{ fail "no" }}\n' });
    const failure = assertFailed(await pack(), 'chart-invalid', 1);
    assert.match(failure.range?.file ?? '', /deploy\/VehicleApp\/helm\/templates\/pod\.yaml$/);
    assert.ok(!(await readdir(workspace.path)).some((name) => name.endsWith('.tgz')));
  });
});
