import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../../../src/base';
import { FolderWatch } from '../../../src/state/folder-watch';

describe('a watched folder', () => {
  let base: string;
  let changes: number;
  let watch: FolderWatch | undefined;

  beforeEach(async () => {
    base = await realpath(await mkdtemp(join(tmpdir(), 'vapp-folder-')));
    changes = 0;
  });
  afterEach(async () => {
    watch?.close();
    await rm(base, { recursive: true, force: true });
  });

  function begin(...path: string[]): string {
    const folder = join(base, ...path);
    watch = new FolderWatch(
      folder,
      (name) => name === 'wanted',
      () => (changes += 1),
      (error) => assert.fail(String(error)),
    );
    return folder;
  }

  async function untilChanged(work: () => Promise<unknown>): Promise<void> {
    const before = changes;
    await work();
    while (changes === before) await sleep(5);
  }

  it('tells of the entries that concern, and of no other', async () => {
    const folder = begin();
    await writeFile(join(folder, 'other'), '');
    await untilChanged(() => writeFile(join(folder, 'wanted'), ''));
    await untilChanged(() => rm(join(folder, 'wanted')));
    // Whatever the system still has to tell of these.
    await sleep(50);
    const before = changes;
    await rm(join(folder, 'other'));
    await sleep(50);
    assert.equal(changes, before);
  });

  it('waits for a folder that is not there yet', async () => {
    const folder = begin('some', 'where');
    await writeFile(join(base, 'other'), '');
    await untilChanged(() => mkdir(folder, { recursive: true }));
    await untilChanged(() => writeFile(join(folder, 'wanted'), ''));
  });

  it('goes on after the folder was taken away and made anew', async () => {
    const folder = join(base, 'folder');
    await mkdir(folder);
    begin('folder');
    await untilChanged(() => rm(folder, { recursive: true }));
    await untilChanged(() => mkdir(folder));
    await untilChanged(() => writeFile(join(folder, 'wanted'), ''));
    await untilChanged(() => rename(folder, join(base, 'elsewhere')));
    await untilChanged(() => mkdir(folder));
    await untilChanged(() => writeFile(join(folder, 'wanted'), ''));
  });

  it('tells nothing once closed', async () => {
    const folder = begin();
    watch?.close();
    await writeFile(join(folder, 'wanted'), '');
    await sleep(50);
    assert.equal(changes, 0);
  });
});
