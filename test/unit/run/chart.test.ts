import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session, copyBuiltInChart } from '../../../src/run';
import { VALID, writeFiles } from '../project/temporary-repository';

describe('copying the built-in chart', () => {
  let base: string;
  let root: string;

  beforeEach(async () => {
    base = await realpath(await mkdtemp(join(tmpdir(), 'vapp-unit-')));
    root = join(base, 'app');
    await writeFiles(root, VALID);
    await writeFiles(join(base, 'charts'), { 'vehicle-app/Chart.yaml': 'name: vehicle-app\n' });
  });

  afterEach(() => rm(base, { recursive: true }));

  async function copy() {
    const env = { PATH: '', HOME: base };
    const session = await Session.open({ directory: root, env, chartsDirectory: join(base, 'charts') });
    return copyBuiltInChart(session, 'sampleapp');
  }

  it('puts it where it is found from then on', async () => {
    const done = await copy();
    assert.equal(done.status === 'done' && done.value, join(root, 'deploy/sampleapp/helm'));
    assert.deepEqual(await readdir(join(root, 'deploy/sampleapp/helm')), ['Chart.yaml']);
  });

  it('leaves alone what is there, although it is no chart', async () => {
    await writeFiles(root, { 'deploy/sampleapp/helm/notes.txt': 'mine' });
    const failed = await copy();
    assert.equal(failed.status === 'failed' && failed.failure.code, 'chart-already-there');
    assert.equal(await readFile(join(root, 'deploy/sampleapp/helm/notes.txt'), 'utf8'), 'mine');
  });

  it('writes nothing through a link out of the repository', async () => {
    await writeFiles(base, { 'outside/notes.txt': 'mine' });
    await symlink(join(base, 'outside'), join(root, 'deploy'));
    const failed = await copy();
    assert.equal(failed.status === 'failed' && failed.failure.code, 'link-outside-repository');
    assert.deepEqual(await readdir(join(base, 'outside')), ['notes.txt']);
  });
});
