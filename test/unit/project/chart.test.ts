import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { whereToSet } from '../../../src/project';
import { places, problemWith, readFiles, VALID } from './temporary-repository';

const CHART_YAML = 'apiVersion: v2\nname: x\nversion: 1.0.0\n';

describe('chart', () => {
  const readWithValues = (values: string, vapp?: string) =>
    readFiles({
      ...VALID,
      'deploy/VehicleApp/helm/Chart.yaml': CHART_YAML,
      'deploy/VehicleApp/helm/values.yaml': values,
      ...(vapp === undefined ? {} : { 'vapp.yaml': vapp }),
    });

  it('is the built-in one where the repository has none', async () => {
    const [app] = (await readFiles(VALID)).apps;
    assert.deepEqual(app?.chart, {
      source: 'builtin',
      valuesFiles: [],
      values: {},
      imageValues: {
        repository: 'image.repository',
        digest: 'image.digest',
        tag: 'image.tag',
        pullPolicy: 'image.pullPolicy',
      },
      environmentValue: 'env',
      testImageValue: 'test.image',
      valueRanges: new Map(),
    });
  });

  it('says where each value stands, and where one that is set nowhere would be added', async () => {
    const [app] = (
      await readFiles({
        ...VALID,
        'deploy/VehicleApp/helm/Chart.yaml': CHART_YAML,
        'deploy/VehicleApp/helm/values.yaml':
          'image: { repository: r, tag: t }\nresources:\n  limits: { memory: 1Gi }\n',
        'dev.yaml': 'resources: { limits: { cpu: 1 } }\n',
        'vapp.yaml':
          'apps:\n  - chart:\n      valuesFiles: [dev.yaml]\n      values: { resources.limits.memory: 2Gi }\n',
      })
    ).apps;
    const at = (path: string) => {
      const { file = '', start } = whereToSet(app?.chart.valueRanges ?? new Map(), path) ?? {};
      return `${basename(file)}:${start?.line ?? ''}`;
    };
    assert.equal(at('image.tag'), 'values.yaml:1');
    assert.equal(at('resources.limits.memory'), 'vapp.yaml:4');
    assert.equal(at('resources.limits.cpu'), 'dev.yaml:1');
    assert.equal(at('resources.requests.cpu'), 'dev.yaml:1');
    assert.equal(at('nodeSelector'), 'vapp.yaml:3');
  });

  it('takes an image of tests where its values have a place for one', async () => {
    const values = 'image: { repository: r, digest: "" }\n';
    const [without] = (await readWithValues(values)).apps;
    assert.equal(without?.chart.testImageValue, undefined);
    const [tested] = (await readWithValues(`${values}test: { image: { repository: "", digest: "" } }\n`)).apps;
    assert.equal(tested?.chart.testImageValue, 'test.image');
  });

  it('is searched by name, then id, then in the folder of the older templates', async () => {
    const folders = ['VehicleApp', 'sampleapp', 'SampleApp'];
    const files: Record<string, string | Uint8Array> = { ...VALID };
    for (const folder of folders) {
      files[`deploy/${folder}/helm/Chart.yaml`] = CHART_YAML;
      files[`deploy/${folder}/helm/values.yaml`] = 'image: x';
      const repository = await readFiles(files);
      assert.deepEqual(places(repository), []);
      assert.equal(repository.apps[0]?.chart.path, `${repository.root}/deploy/${folder}/helm`);
    }
  });

  const derived: [string, string, object][] = [
    [
      'the older Velocitas keys',
      'imageVehicleApp:\n  name: x\n  repository: r\n  pullPolicy: Always\n  tag: "local"\nnameOverride: ""\n',
      {
        repository: 'imageVehicleApp.repository',
        tag: 'imageVehicleApp.tag',
        pullPolicy: 'imageVehicleApp.pullPolicy',
      },
    ],
    [
      'the keys of helm create',
      'image:\n  repository: nginx\n  pullPolicy: IfNotPresent\n  tag: ""\n',
      { repository: 'image.repository', tag: 'image.tag', pullPolicy: 'image.pullPolicy' },
    ],
    ['a digest', 'image: { repository: r, digest: "" }', { repository: 'image.repository', digest: 'image.digest' }],
    ['a repository alone', 'image: { repository: r }', { repository: 'image.repository', tag: 'image.tag' }],
    ['a whole reference', 'image: nginx:1\n', { reference: 'image' }],
    [
      'a map merged from an anchor',
      'base: &b { repository: r, tag: "" }\nimage:\n  <<: *b\n',
      { repository: 'image.repository', tag: 'image.tag' },
    ],
  ];
  for (const [what, values, expected] of derived) {
    it(`takes the image by ${what}`, async () => {
      const repository = await readWithValues(values);
      assert.deepEqual(places(repository), []);
      assert.deepEqual(repository.apps[0]?.chart.imageValues, expected);
    });
  }

  it('receives the environment where env is a map, and not where it is a list', async () => {
    const environment = async (env: string) =>
      (await readWithValues(`image: x\nenv: ${env}\n`)).apps[0]?.chart.environmentValue;
    assert.equal(await environment('{}'), 'env');
    assert.equal(await environment('{ A: b }'), 'env');
    assert.equal(await environment('[]'), undefined);
    assert.equal(await environment('{ A: { valueFrom: {} } }'), undefined);
  });

  it('asks for a mapping where nothing tells which values take the image', async () => {
    const repository = await readWithValues('replicas: 1\n');
    assert.deepEqual(places(repository), ['deploy/VehicleApp/helm/values.yaml:1:1 error chart-image-unknown']);
    assert.match(problemWith(repository, 'chart-image-unknown').hint ?? '', /chart\.image/);
    const mapped = await readWithValues('replicas: 1\n', 'apps:\n  - chart: { image: { reference: my.image } }\n');
    assert.deepEqual(places(mapped), []);
    assert.deepEqual(mapped.apps[0]?.chart.imageValues, { reference: 'my.image' });
  });

  it('asks for a mapping at Chart.yaml where there are no values', async () => {
    const repository = await readFiles({ ...VALID, 'deploy/VehicleApp/helm/Chart.yaml': CHART_YAML });
    assert.deepEqual(places(repository), ['deploy/VehicleApp/helm/Chart.yaml:1:1 error chart-image-unknown']);
  });

  const malformed: [string, string, string, string[]][] = [
    ['a broken Chart.yaml', 'name: "x\n', 'image: x', ['Chart.yaml:2:1 error yaml-syntax']],
    [
      'a Chart.yaml without name',
      'apiVersion: v2\nversion: 1.0.0\n',
      'image: x',
      ['Chart.yaml:1:1 error chart-invalid'],
    ],
    [
      'a Chart.yaml without version',
      'apiVersion: v2\nname: x\nversion:\n',
      'image: x',
      ['Chart.yaml:3:1 error chart-invalid'],
    ],
    ['a Chart.yaml that is a list', '- x', 'image: x', ['Chart.yaml:1:1 error chart-invalid']],
    ['broken values', CHART_YAML, 'image:\n  tag: [\n', ['values.yaml:3:1 error yaml-syntax']],
    ['values that are a list', CHART_YAML, '\n- x\n', ['values.yaml:2:1 error chart-invalid']],
  ];
  for (const [what, chart, values, expected] of malformed) {
    it(`reports ${what} with its place`, async () => {
      const folder = 'deploy/VehicleApp/helm';
      const repository = await readFiles({
        ...VALID,
        [`${folder}/Chart.yaml`]: chart,
        [`${folder}/values.yaml`]: values,
      });
      assert.deepEqual(
        places(repository),
        expected.map((place) => `${folder}/${place}`),
      );
    });
  }

  it('reports a values file that is no map', async () => {
    const repository = await readFiles({
      ...VALID,
      'vapp.yaml': 'apps:\n  - chart: { valuesFiles: [dev.yaml] }\n',
      'dev.yaml': 'just text',
    });
    assert.deepEqual(places(repository), ['dev.yaml:1:1 error chart-invalid']);
  });

  it('lets a key that occurs twice pass, as Helm does', async () => {
    assert.deepEqual(places(await readWithValues('image: x\na: 1\na: 2\n')), []);
  });
});
