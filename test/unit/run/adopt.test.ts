import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, realpath, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { adoptRepository, valueOf, type Adoption } from '../../../src/run';
import { FEATURE } from '../../../src/scaffold';
import { runCommand } from '../../../src/tools';
import { CHART, VALID, writeFiles, type Files } from '../project/temporary-repository';

const TEMPLATES: Files = {
  'common/.devcontainer/devcontainer.json': `{ "features": { "${FEATURE}": {} } }\n`,
  'common/.github/workflows/ci.yml': 'name: CI\n\njobs:\n  one: 1\n',
  'charts/vehicle-app/Chart.yaml': 'apiVersion: v2\nname: vehicle-app\nversion: 0.1.0\n',
  'charts/vehicle-app/values.yaml': "image: { repository: '', tag: '' }\n",
};
const CI = '.github/workflows/ci.yml';

describe('adopting a repository', () => {
  let base: string;
  let root: string;

  beforeEach(async () => {
    base = await realpath(await mkdtemp(join(tmpdir(), 'vapp-unit-')));
    root = join(base, 'speed-app');
    await writeFiles(join(base, 'templates'), TEMPLATES);
  });

  afterEach(() => rm(base, { recursive: true }));

  const read = (path: string) => readFile(join(root, path), 'utf8');
  const git = (...args: string[]) => runCommand({ program: 'git', args, cwd: root });
  const request = () => ({ directory: root, templatesDirectory: join(base, 'templates'), env: process.env });
  const adopt = async (write: boolean): Promise<Adoption> => valueOf(await adoptRepository({ ...request(), write }));
  const changes = ({ files }: Adoption) => Object.fromEntries(files.map(({ path, change }) => [path, change]));

  describe('with links in it', () => {
    const outside = (path: string) => join(base, 'outside', path);
    const cases: [string, string, string][] = [
      ['a folder that leads out', '.github', ''],
      ['a file that leads out', '.devcontainer/devcontainer.json', 'settings.json'],
      ['the record, which leads out', '.vapp-template.json', 'settings.json'],
      ['a link to where nothing is yet', 'vapp.yaml', 'new.yaml'],
      ['a chart that leads out', 'deploy', ''],
    ];
    for (const [what, link, target] of cases) {
      it(`neither reads nor writes through ${what}`, async () => {
        await writeFiles(root, VALID);
        await writeFiles(outside(''), { 'settings.json': '{ "features": {} }' });
        await mkdir(dirname(join(root, link)), { recursive: true });
        await symlink(outside(target), join(root, link));
        for (const write of [false, true]) {
          const failed = await adoptRepository({ ...request(), write });
          assert.equal(failed.status === 'failed' && failed.failure.code, 'link-outside-repository');
          assert.equal(failed.status === 'failed' && failed.failure.range?.file, join(root, link));
        }
        assert.deepEqual(await readdir(outside('')), ['settings.json']);
        assert.equal(await readFile(outside('settings.json'), 'utf8'), '{ "features": {} }');
      });
    }
  });

  it('does not read a file of a size that none of ours has', async () => {
    await writeFiles(root, { ...VALID, '.devcontainer/devcontainer.json': '' });
    await truncate(join(root, '.devcontainer/devcontainer.json'), 1024 ** 4);
    const failed = await adoptRepository({ ...request(), write: false });
    assert.equal(failed.status === 'failed' && failed.failure.code, 'file-too-large');
  });

  it('writes no more into vapp.yaml than the path, whatever it is called', async () => {
    const path = 'a: [b]\n  platforms: [linux/evil]\n#/AppManifest.json';
    await writeFiles(root, {
      ...VALID,
      '.velocitas.json': JSON.stringify({ variables: { appManifestPath: path } }),
      [path]: VALID['app/AppManifest.json'] ?? '',
    });
    await adopt(true);
    const { apps } = parse(await read('vapp.yaml')) as { apps: { manifest: string }[] };
    assert.deepEqual(
      apps.map(({ manifest }) => manifest),
      [path],
    );
  });

  it('shows what it would do, and does it only when told to', async () => {
    await writeFiles(root, VALID);
    const shown = await adopt(false);
    assert.equal(shown.written, false);
    assert.deepEqual(changes(shown), {
      '.devcontainer/devcontainer.json': 'add',
      [CI]: 'add',
      'vapp.yaml': 'add',
      'deploy/sampleapp/helm/Chart.yaml': 'add',
      'deploy/sampleapp/helm/values.yaml': 'add',
    });
    assert.match(shown.diff, /^\+\+\+ b\/vapp\.yaml$/m);
    await assert.rejects(stat(join(root, 'vapp.yaml')));

    const done = await adopt(true);
    assert.deepEqual({ ...done, written: false }, shown);
    assert.equal(
      await read('vapp.yaml'),
      'apps:\n  - manifest: app/AppManifest.json\n    platforms: [linux/amd64, linux/arm64]\n',
    );
    const again = await adopt(true);
    assert.deepEqual([again.written, again.diff], [false, '']);
    assert.deepEqual([...new Set(Object.values(changes(again)))], ['same']);
  });

  it('makes an app of a repository that has only a Dockerfile', async () => {
    await writeFiles(root, { Dockerfile: 'FROM scratch\n' });
    await adopt(true);
    const platforms = 'platforms: [linux/amd64, linux/arm64]';
    assert.equal(
      await read('vapp.yaml'),
      `apps:\n  - name: "speed-app"\n    dockerfile: Dockerfile\n    ${platforms}\n`,
    );
    assert.equal(await read('deploy/speed-app/helm/Chart.yaml'), TEMPLATES['charts/vehicle-app/Chart.yaml']);
    assert.equal((await adopt(true)).written, false);
  });

  it('overwrites nothing: the user’s devcontainer gets the Feature, hooks and charts and workflows stay', async () => {
    const own = {
      '.devcontainer/devcontainer.json': '{\n    "image": "mine", // pinned\n    "features": {}\n}\n',
      '.devcontainer/scripts/onCreateUserHook.sh': '#!/bin/sh\n',
      [CI]: 'name: Mine\n',
      'vapp.yaml': 'runtime: { agents: 0 }\n',
    };
    await writeFiles(root, { ...VALID, ...CHART, ...own });
    const adoption = await adopt(true);
    assert.deepEqual(changes(adoption), {
      '.devcontainer/devcontainer.json': 'update',
      '.github/workflows/vapp-ci.yml': 'add',
      'vapp.yaml': 'kept',
    });
    for (const path of ['.devcontainer/scripts/onCreateUserHook.sh', CI, 'vapp.yaml'] as const) {
      assert.equal(await read(path), own[path]);
    }
    const devcontainer = await read('.devcontainer/devcontainer.json');
    assert.match(devcontainer, /"image": "mine", \/\/ pinned/);
    assert.ok(devcontainer.includes(FEATURE));
    assert.equal((await adopt(true)).written, false);
  });

  describe('after an upgrade', () => {
    const upgrade = () => writeFile(join(base, 'templates', 'common', CI), 'name: CI 2\n\njobs:\n  one: 1\n');

    beforeEach(async () => {
      await writeFiles(root, VALID);
      await git('init', '--quiet');
      await adopt(true);
    });

    it('brings what is new to what the user has made of it', async () => {
      await writeFile(join(root, CI), 'name: CI\n\njobs:\n  one: 1\n  mine: 2\n');
      await upgrade();
      const adoption = await adopt(true);
      assert.equal(changes(adoption)[CI], 'merge');
      assert.equal(await read(CI), 'name: CI 2\n\njobs:\n  one: 1\n  mine: 2\n');
    });

    it('lays it beside where both changed the same', async () => {
      await writeFile(join(root, CI), 'name: Mine\n');
      await upgrade();
      assert.equal(changes(await adopt(true))[CI], 'conflict');
      assert.equal(await read(CI), 'name: Mine\n');
      assert.match(await read(`${CI}.vapp-new`), /^name: CI 2$/m);
      assert.equal(changes(await adopt(true))[CI], 'kept');
    });
  });

  it('says what it cannot do', async () => {
    await writeFiles(root, { 'notes.txt': '' });
    await assert.rejects(adopt(true), { code: 'nothing-to-adopt' });
    await writeFiles(root, { ...VALID, '.vapp-template.json': '{ "generated": { "a": 1 } }' });
    await assert.rejects(adopt(true), { code: 'adoption-record-invalid' });
  });
});
