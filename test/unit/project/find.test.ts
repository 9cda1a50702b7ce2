import assert from 'node:assert/strict';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { findRepository } from '../../../src/project';
import { temporaryFolder, VALID, writeFiles } from './temporary-repository';

describe('findRepository', () => {
  for (const marker of ['vapp.yaml', '.velocitas.json', 'app/AppManifest.json']) {
    it(`knows a root by ${marker}`, async () => {
      const root = await temporaryFolder();
      await writeFiles(root, { [marker]: '{}', 'a/b/c.txt': '' });
      assert.equal(await findRepository(join(root, 'a', 'b')), root);
      assert.equal(await findRepository(join(root, 'a', 'b', 'c.txt')), root);
      assert.equal(await findRepository(root), root);
    });
  }

  it('takes the nearest root', async () => {
    const root = await temporaryFolder();
    await writeFiles(root, { '.velocitas.json': '{}', 'templates/one/app/AppManifest.json': '{}' });
    assert.equal(await findRepository(join(root, 'templates', 'one', 'app')), join(root, 'templates', 'one'));
  });

  it('does not leave the git work tree it starts in', async () => {
    const root = await temporaryFolder();
    await writeFiles(root, {
      'vapp.yaml': '',
      'other/.git/HEAD': '',
      'other/src/x.txt': '',
      'worktree/.git': 'gitdir: x',
    });
    assert.equal(await findRepository(join(root, 'other', 'src')), undefined);
    assert.equal(await findRepository(join(root, 'worktree')), undefined);
  });

  it('accepts a root that is the root of the git work tree as well', async () => {
    const root = await temporaryFolder();
    await writeFiles(root, { 'vapp.yaml': '', '.git/HEAD': '', 'src/x.txt': '' });
    assert.equal(await findRepository(join(root, 'src')), root);
  });

  it('finds nothing where nothing is, and takes no folder for a marker', async () => {
    const root = await temporaryFolder();
    await writeFiles(root, { '.git/HEAD': '' });
    await mkdir(join(root, 'vapp.yaml'));
    assert.equal(await findRepository(root), undefined);
    assert.equal(await findRepository(join(root, 'missing', 'folder')), undefined);
  });

  it('keeps symbolic links as the user named them', async () => {
    const root = await temporaryFolder();
    await writeFiles(join(root, 'real'), VALID);
    await symlink(join(root, 'real'), join(root, 'link'));
    assert.equal(await findRepository(join(root, 'link', 'app')), join(root, 'link'));
  });
});
