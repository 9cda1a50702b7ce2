import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  complaintAboutName,
  createApp,
  fillIn,
  listTemplates,
  placeFor,
  type TemplateSource,
} from '../../../src/scaffold';
import { writeFiles } from '../project/temporary-repository';

const DESCRIPTION = '{ "id": "small", "version": "1.2.3", "name": "Small", "description": "A small one." }';

describe('a new repository', () => {
  let base: string;
  let source: TemplateSource;

  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'vapp-unit-'));
    source = { directory: join(base, 'templates') };
    await writeFiles(source.directory, {
      'common/.gitignore': 'common\n',
      'common/.github/run.sh': '#!/bin/sh\n',
      'src/small/devcontainer-template.json': DESCRIPTION,
      'src/small/.gitignore': 'own\n',
      'src/small/app/AppManifest.json': '{ "name": "${templateOption:appName}" }\n',
    });
    await chmod(join(source.directory, 'common/.github/run.sh'), 0o755);
  });

  afterEach(() => rm(base, { recursive: true }));

  const create = (folder: string, more: { name?: string; template?: string } = {}, signal?: AbortSignal) =>
    createApp(source, { template: 'small', name: 'SpeedApp', folder: join(base, folder), ...more }, signal);

  it('has what all templates share, and over it what is its own, under the name of the app', async () => {
    const [small, ...others] = await listTemplates(source);
    assert.deepEqual(small, { id: 'small', version: '1.2.3', name: 'Small', description: 'A small one.' });
    assert.deepEqual(others, []);
    const folder = await create('new/deeper');
    assert.deepEqual((await readdir(folder)).sort(), ['.github', '.gitignore', 'app']);
    assert.equal(await readFile(join(folder, '.gitignore'), 'utf8'), 'own\n');
    assert.equal(await readFile(join(folder, 'app/AppManifest.json'), 'utf8'), '{ "name": "SpeedApp" }\n');
    assert.equal((await stat(join(folder, '.github/run.sh'))).mode & 0o111, 0o111);
    assert.equal((await stat(folder)).mode, (await stat(source.directory)).mode);
    assert.deepEqual(await readdir(join(base, 'new')), ['deeper']);
  });

  it('takes an empty folder, and one that is only the beginning of a repository', async () => {
    await mkdir(join(base, 'empty'));
    await create('empty');
    await mkdir(join(base, 'begun', '.git'), { recursive: true });
    await create('begun');
    assert.deepEqual((await readdir(join(base, 'begun'))).sort(), ['.git', '.github', '.gitignore', 'app']);
  });

  for (const [what, expected, more] of [
    ['a name that no topic takes', 'app-name-invalid', { name: 'Speed App' }],
    ['a template that is not there', 'template-unknown', { template: 'cobol' }],
  ] as const) {
    it(`is refused for ${what}, and nothing is there afterwards`, async () => {
      await assert.rejects(create('new', more), { code: expected, fault: 'usage' });
      assert.deepEqual(await readdir(base), ['templates']);
    });
  }

  it('goes into a folder that was chosen for it, or into one of its name where something is', async () => {
    await writeFiles(base, { 'mine/a.txt': 'mine', 'begun/.git/HEAD': '' });
    assert.equal(await placeFor(join(base, 'mine'), 'SpeedApp'), join(base, 'mine', 'SpeedApp'));
    assert.equal(await placeFor(join(base, 'begun'), 'SpeedApp'), join(base, 'begun'));
    assert.equal(await placeFor(join(base, 'none'), 'SpeedApp'), join(base, 'none'));
  });

  it('does not touch a folder that holds something', async () => {
    await writeFiles(join(base, 'mine'), { 'a.txt': 'mine' });
    await assert.rejects(create('mine'), { code: 'folder-not-empty', evidence: ['a.txt'] });
    assert.deepEqual(await readdir(join(base, 'mine')), ['a.txt']);
  });

  it('says where it cannot be written', async () => {
    await writeFile(join(base, 'file'), '');
    await assert.rejects(create('file/new'), { code: 'folder-not-writable', fault: 'environment' });
    await assert.rejects(create('file'), { code: 'folder-not-writable' });
  });

  it('leaves nothing when it is cancelled', async () => {
    await assert.rejects(create('new/deeper', {}, AbortSignal.abort()), { name: 'Cancelled' });
    assert.deepEqual(await readdir(base), ['templates']);
    await mkdir(join(base, 'empty'));
    await assert.rejects(create('empty', {}, AbortSignal.abort()), { name: 'Cancelled' });
    assert.deepEqual(await readdir(join(base, 'empty')), []);
  });

  it('keeps the very folder that is there: somebody may stand in it', async () => {
    await mkdir(join(base, 'here'));
    const { ino } = await stat(join(base, 'here'));
    await create('here');
    assert.equal((await stat(join(base, 'here'))).ino, ino);
    assert.deepEqual((await readdir(join(base, 'here'))).sort(), ['.github', '.gitignore', 'app']);
  });

  it('goes to only one of two who want the same place', async () => {
    const both = await Promise.allSettled([create('new'), create('new')]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    const [refused] = both.filter((result) => result.status === 'rejected');
    assert.equal((refused?.reason as { code: string }).code, 'folder-not-empty');
    assert.deepEqual((await readdir(base)).sort(), ['new', 'templates']);
  });

  it('has its scripts executable whatever the modes of the files that it is made of', async () => {
    await chmod(join(source.directory, 'common/.github/run.sh'), 0o644);
    const folder = await create('new');
    assert.equal((await stat(join(folder, '.github/run.sh'))).mode & 0o111, 0o111);
  });

  it('has nothing of what tools have left in the template', async () => {
    await writeFiles(source.directory, { 'src/small/app/__pycache__/a.pyc': '', 'src/undescribed/a': '' });
    const folder = await create('new');
    assert.deepEqual(await readdir(join(folder, 'app')), ['AppManifest.json']);
    assert.equal((await listTemplates(source)).length, 1);
  });
});

describe('the options of a template', () => {
  it('are filled in as tools for dev container templates do', () => {
    assert.equal(fillIn('${templateOption:a}-${templateOption: a }-${templateOption:b}-${a}', { a: 'x' }), 'x-x--${a}');
  });

  it('are empty where nothing is given, also under names that all objects know', () => {
    assert.equal(fillIn('${templateOption:toString}${templateOption:constructor}', {}), '');
  });

  it('take names that code, topics and images can bear', () => {
    for (const name of ['A', 'SampleApp', 'seat-adjuster_2', 'x'.repeat(63)])
      assert.equal(complaintAboutName(name), undefined);
    for (const name of ['', '2fast', 'a b', 'ä', 'a/b', 'a"', 'x'.repeat(64), 'a\n'])
      assert.ok(complaintAboutName(name), name);
  });
});
