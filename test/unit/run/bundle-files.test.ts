import assert from 'node:assert/strict';
import { packedVapp } from '../../../src/run/bundle-files';
import { temporaryFolder, writeFiles } from '../project/temporary-repository';

describe('the vapp of a bundle', () => {
  it('has all that runs, the templates included, and nothing that only lies there', async () => {
    const folder = await temporaryFolder();
    const runs = [
      'LICENSE',
      'package.json',
      'bin/vapp',
      'dist/base.js',
      'dist/cli.js',
      'dist/core.js',
      'dist/core.js.LEGAL.txt',
      'schemas/vapp.schema.json',
      'templates/charts/vehicle-app/Chart.yaml',
      'templates/common/.github/workflows/ci.yml',
      'templates/src/python/app/src/main.py',
    ];
    const lies = [
      'dist/cli.js.map',
      'dist/extension.js',
      'templates/src/python/app/src/__pycache__/main.pyc',
      'templates/src/typescript/app/node_modules/a/index.js',
    ];
    await writeFiles(folder, Object.fromEntries([...runs, ...lies].map((path) => [path, path])));
    const files = await packedVapp(folder);
    assert.deepEqual(files.map(({ name }) => name.replace(/^vapp\//, '')).sort(), runs.sort());
    assert.deepEqual(
      files.filter(({ executable }) => executable).map(({ name }) => name),
      ['vapp/bin/vapp'],
    );
  });
});
