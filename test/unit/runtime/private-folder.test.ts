import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inPrivateFolder } from '../../../src/runtime/private-folder';

describe('a folder for what k3d writes', () => {
  let parent: string;

  beforeEach(async () => {
    parent = join(await mkdtemp(join(tmpdir(), 'vapp-unit-')), 'data');
  });

  afterEach(() => rm(join(parent, '..'), { recursive: true }));

  it('can be read by its owner alone, and is gone afterwards, whatever happens', async () => {
    const work = inPrivateFolder(parent, async (folder) => {
      assert.equal((await stat(folder)).mode & 0o777, 0o700);
      await writeFile(join(folder, 'secret'), '');
      throw new Error('broken');
    });
    await assert.rejects(work, /broken/);
    assert.deepEqual(await readdir(parent), []);
  });

  it('takes away what somebody has left who was killed, and nothing of whom is at work', async () => {
    for (const name of ['k3d-old', 'k3d-new', 'other']) await mkdir(join(parent, name), { recursive: true });
    const longAgo = Date.now() / 1000 - 3600;
    for (const name of ['k3d-old', 'other']) await utimes(join(parent, name), longAgo, longAgo);
    await inPrivateFolder(parent, () => Promise.resolve());
    assert.deepEqual((await readdir(parent)).sort(), ['k3d-new', 'other']);
  });
});
