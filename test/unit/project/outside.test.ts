import assert from 'node:assert/strict';
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readRepository } from '../../../src/project';
import { CHART, places, problemWith, temporaryFolder, VALID, writeFiles, type Files } from './temporary-repository';

const HELM = 'deploy/VehicleApp/helm';

describe('what leads out of a repository', () => {
  let base: string;
  let root: string;

  beforeEach(async () => {
    base = await temporaryFolder();
    root = join(base, 'repository');
    await writeFiles(join(base, 'secrets'), { 'key.yaml': 'secret: { of: the machine }\n' });
  });

  /** Reads a repository with links in it, each from a path to what it points to. */
  async function readLinked(files: Files, links: Readonly<Record<string, string>>) {
    await writeFiles(root, { ...VALID, ...files });
    for (const [link, target] of Object.entries(links)) {
      await mkdir(dirname(join(root, link)), { recursive: true });
      await symlink(target, join(root, link));
    }
    return readRepository(root);
  }

  const outside = () => join(base, 'secrets', 'key.yaml');

  it('is no Dockerfile, manifest or settings, where one of them is a link', async () => {
    for (const file of ['vapp.yaml', 'runtime.json', 'app/Dockerfile', 'app/AppManifest.json', '.velocitas.json']) {
      root = join(base, `with ${file.replaceAll('/', '-')}`);
      const files = Object.fromEntries(Object.entries(VALID).filter(([name]) => name !== file));
      await writeFiles(root, files);
      await symlink(outside(), join(root, file));
      const repository = await readRepository(root);
      assert.ok(
        places(repository).includes(`${file}:1:1 error link-outside-repository`),
        places(repository).join('; '),
      );
      assert.ok(!JSON.stringify(repository).includes('of the machine'), 'something of it was read');
    }
  });

  it('is no build context', async () => {
    const vapp = 'apps:\n  - manifest: app/AppManifest.json\n    context: everything\n';
    const repository = await readLinked({ 'vapp.yaml': vapp }, { everything: base });
    assert.deepEqual(places(repository), ['vapp.yaml:3:14 error link-outside-repository']);
  });

  it('is no values file, also behind a linked folder', async () => {
    const vapp = 'apps:\n  - manifest: app/AppManifest.json\n    chart: { valuesFiles: [linked/key.yaml] }\n';
    const repository = await readLinked({ 'vapp.yaml': vapp }, { linked: '../secrets' });
    assert.deepEqual(places(repository), ['linked/key.yaml:1:1 error link-outside-repository']);
  });

  it('is mounted nowhere', async () => {
    const services = [
      {
        id: 'x',
        config: [
          { key: 'image', value: 'x' },
          { key: 'mount', value: 'key:/key' },
        ],
      },
    ];
    const repository = await readLinked({ 'runtime.json': JSON.stringify(services) }, { key: outside() });
    assert.equal(problemWith(repository, 'link-outside-repository').range.file, join(root, 'runtime.json'));
    assert.deepEqual(repository.services[0]?.mounts, []);
  });

  it('is no file of a chart, where Helm would follow: as a file, in a folder, or behind another link', async () => {
    const repository = await readLinked(
      { ...CHART, 'shared/deep/plain.yaml': '' },
      {
        [`${HELM}/templates/file.yaml`]: outside(),
        [`${HELM}/files/folder`]: join(base, 'secrets'),
        [`${HELM}/files/shared`]: join(root, 'shared'),
        'shared/deep/key': outside(),
      },
    );
    assert.deepEqual(places(repository).sort(), [
      `${HELM}/files/folder:1:1 error link-outside-repository`,
      `${HELM}/files/shared/deep/key:1:1 error link-outside-repository`,
      `${HELM}/templates/file.yaml:1:1 error link-outside-repository`,
    ]);
  });

  it('is no whole chart', async () => {
    await writeFiles(join(base, 'elsewhere'), { 'Chart.yaml': CHART[`${HELM}/Chart.yaml`] ?? '' });
    const repository = await readLinked({}, { [HELM]: join(base, 'elsewhere') });
    assert.ok(places(repository).includes(`${HELM}/Chart.yaml:1:1 error link-outside-repository`));
  });

  it('leaves links within the repository alone, circles and dangling ones too', async () => {
    const repository = await readLinked(
      { ...CHART, 'shared/plain.yaml': '' },
      {
        [`${HELM}/files/shared`]: join(root, 'shared'),
        [`${HELM}/files/circle`]: '..',
        [`${HELM}/files/nowhere`]: join(base, 'nobody'),
        'app/other/Dockerfile': '../Dockerfile',
      },
    );
    assert.deepEqual(places(repository), []);
  });
});

describe('a chart that is too large', () => {
  it('is told by its size, and none of it is read', async () => {
    const root = await temporaryFolder();
    await writeFiles(root, { ...VALID, ...CHART });
    const file = join(root, HELM, 'files.bin');
    await writeFile(file, '');
    // It takes no room on the disk.
    await truncate(file, 1024 ** 4);
    const { range, message } = problemWith(await readRepository(root), 'chart-too-large');
    assert.equal(range.file, file);
    assert.match(message, /deploy\/VehicleApp\/helm has more than 5000 files or 64 MiB/);
  });
});
