import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isCancelled } from '../../../src/base';
import { SourceWatch, readChanges } from '../../../src/live';

describe('SourceWatch', () => {
  let folder: string;
  let watch: SourceWatch | undefined;
  const none = new AbortController().signal;

  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'vapp-watch-')));
    await mkdir(join(folder, 'src', 'lib'), { recursive: true });
    await writeFile(join(folder, 'src', 'a.py'), '1');
  });

  afterEach(async () => {
    await watch?.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(...paths: string[]): Promise<SourceWatch> {
    watch = await SourceWatch.start({
      paths: paths.map((path) => join(folder, path)),
      ignored: (path) => path.includes('ignored'),
      onError: assert.ifError,
    });
    return watch;
  }

  /** Names of all that is told until this one has been. */
  async function until(name: string): Promise<Set<string>> {
    const told = new Set<string>();
    while (!told.has(name)) for (const path of (await watch?.next(none)) ?? []) told.add(path.slice(folder.length + 1));
    return told;
  }

  it('tells what has changed, come and gone, below what is watched', async () => {
    await start('src');
    await writeFile(join(folder, 'outside'), '');
    await writeFile(join(folder, 'src', 'a.py'), '2');
    assert.deepEqual([...(await until('src/a.py'))], ['src/a.py']);
    await writeFile(join(folder, 'src', 'ignored.py'), '2');
    await writeFile(join(folder, 'src', 'lib', 'b.py'), '2');
    assert.ok(!(await until('src/lib/b.py')).has('src/ignored.py'));
    await rm(join(folder, 'src', 'a.py'));
    await until('src/a.py');
  });

  it('tells a file once that an editor replaces', async () => {
    await start('src');
    await writeFile(join(folder, 'src', 'ignored-new'), '2');
    await rename(join(folder, 'src', 'ignored-new'), join(folder, 'src', 'a.py'));
    await until('src/a.py');
  });

  it('tells a second change that follows at once', async () => {
    await start('src');
    await writeFile(join(folder, 'src', 'a.py'), 'first');
    await until('src/a.py');
    await writeFile(join(folder, 'src', 'a.py'), 'second');
    await until('src/a.py');
  });

  it('waits for what is not there yet', async () => {
    await start('later.txt');
    await writeFile(join(folder, 'later.txt'), '');
    await until('later.txt');
  });

  it('ends by its signal', async () => {
    const sources = await start('src');
    await assert.rejects(sources.next(AbortSignal.timeout(20)), (error) => isCancelled(error));
  });
});

describe('readChanges', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'vapp-watch-')));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('reads contents and modes; what is gone is to go', async () => {
    await writeFile(join(folder, 'run'), 'x', { mode: 0o755 });
    const changes = await readChanges(
      folder,
      new Map([
        [join(folder, 'run'), ['/app/run', '/opt/app/run']],
        [join(folder, 'gone'), ['/app/gone']],
      ]),
    );
    const content = Buffer.from('x');
    assert.deepEqual(changes, [
      { path: '/app/run', content, mode: 0o755 },
      { path: '/opt/app/run', content, mode: 0o755 },
      { path: '/app/gone' },
    ]);
  });

  it('takes links as links, and nothing from folders that lead out', async () => {
    const outside = await realpath(await mkdtemp(join(tmpdir(), 'vapp-outside-')));
    try {
      await writeFile(join(outside, 'secret'), 'x');
      await symlink(join(outside, 'secret'), join(folder, 'file'));
      await symlink(outside, join(folder, 'folder'));
      const link = await readChanges(folder, new Map([[join(folder, 'file'), ['/app/file']]]));
      assert.deepEqual(link, [{ path: '/app/file', link: join(outside, 'secret') }]);
      const through = new Map([[join(folder, 'folder', 'secret'), ['/app/secret']]]);
      await assert.rejects(readChanges(folder, through), { code: 'file-outside' });
    } finally {
      await rm(outside, { recursive: true });
    }
  });

  it('refuses what is too large', async () => {
    await writeFile(join(folder, 'large'), Buffer.alloc(17 * 1024 * 1024));
    await assert.rejects(readChanges(folder, new Map([[join(folder, 'large'), ['/a', '/b']]])), {
      code: 'changes-too-large',
    });
  });
});
