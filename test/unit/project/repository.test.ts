import assert from 'node:assert/strict';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Cancelled, Failure } from '../../../src/base';
import { readRepository } from '../../../src/project';
import { places, readFiles, temporaryFolder, VALID, writeFiles } from './temporary-repository';

describe('readRepository', () => {
  it('reads a repository of the Velocitas layout', async () => {
    const repository = await readFiles(VALID);
    assert.deepEqual(places(repository), []);
    assert.equal(repository.language, 'python');
    assert.equal(repository.apps.length, 1);
  });

  it('keeps symbolic links in paths, spaces and other scripts included, and tells the real root', async () => {
    const base = await temporaryFolder();
    const real = join(base, 'größer als 車');
    await writeFiles(real, { ...VALID, 'app/Dockerfile': 'RNU x' });
    const link = join(base, 'my link');
    await symlink(real, link);
    const repository = await readRepository(link);
    assert.equal(repository.root, link);
    assert.equal(repository.realRoot, real);
    assert.equal(repository.apps[0]?.dockerfile.value, join(link, 'app/Dockerfile'));
    assert.deepEqual(places(repository), ['app/Dockerfile:1:1 error dockerfile-unknown-instruction']);
  });

  it('names every file to watch, those that are not there too', async () => {
    const repository = await readFiles(VALID);
    const { root } = repository;
    for (const file of [
      'vapp.yaml',
      '.velocitas.json',
      'app/AppManifest.json',
      'app/Dockerfile',
      'deploy/SampleApp/helm/Chart.yaml',
      'deploy/sampleapp/helm/Chart.yaml',
      'deploy/VehicleApp/helm/Chart.yaml',
      'runtime.json',
    ]) {
      assert.ok(repository.sources.includes(join(root, file)), file);
    }
    assert.equal(new Set(repository.sources).size, repository.sources.length);
  });

  it('lists the problems of several files in file order', async () => {
    const repository = await readFiles({
      'runtime.json': '{}',
      'vapp.yaml': 'runtime:\n  x: 1\n  y: 2\n',
      '.velocitas.json': '{ "packages": 1 }',
      'app/AppManifest.json': '{',
      'app/Dockerfile': 'FROM a\nBAD\n',
    });
    assert.deepEqual(places(repository), [
      'vapp.yaml:2:3 error vapp-unknown-key',
      'vapp.yaml:3:3 error vapp-unknown-key',
      '.velocitas.json:1:15 warning velocitas-invalid',
      'app/AppManifest.json:1:2 error json-syntax',
      'app/Dockerfile:2:1 error dockerfile-unknown-instruction',
      'runtime.json:1:1 error services-invalid',
    ]);
  });

  it('tells of five hundred errors and as many warnings of one file', async () => {
    const keys = Array.from({ length: 600 }, (_, number) => `"k${number}": 1, "k${number}": 2`);
    const repository = await readFiles({
      ...VALID,
      'vapp.yaml': 'x: 1\n'.repeat(600),
      'runtime.json': `{${keys.join()}}`,
    });
    const count = (file: string, severity: string) =>
      places(repository).filter((place) => place.startsWith(file) && place.includes(severity)).length;
    assert.deepEqual([count('vapp.yaml', 'error'), count('runtime.json', 'warning')], [500, 500]);
    assert.equal(count('runtime.json', 'error'), 1);
  });

  const failsWith = (code: string, fault: string) => (error: unknown) => {
    assert.ok(error instanceof Failure);
    assert.deepEqual([error.code, error.fault], [code, fault]);
    return true;
  };

  it('throws where the root is missing, a file, or no Vehicle App', async () => {
    const root = await temporaryFolder();
    await writeFiles(root, { file: '' });
    for (const path of [join(root, 'missing'), join(root, 'file'), join(root, 'file', 'below'), root]) {
      await assert.rejects(readRepository(path), failsWith('repository-not-found', 'usage'));
    }
  });

  it('throws where the root is a symbolic link to itself', async () => {
    const root = await temporaryFolder();
    await symlink('loop', join(root, 'loop'));
    await assert.rejects(readRepository(join(root, 'loop')), failsWith('file-unreadable', 'environment'));
  });

  it('stops when cancelled', async () => {
    const root = await temporaryFolder();
    await writeFiles(root, VALID);
    await assert.rejects(readRepository(root, { signal: AbortSignal.abort() }), Cancelled);
  });
});
