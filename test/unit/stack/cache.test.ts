import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheKey, FolderCache } from '../../stack/cache';
import { layoutFor } from '../../stack/layout';

describe('stack: cache', () => {
  let root: string;
  let cache: FolderCache;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'vapp-cache-'));
    cache = new FolderCache(root);
  });
  afterEach(() => rm(root, { recursive: true }));

  const recipe = { name: 'k3d', inputs: { version: '5.8.3', flags: ['-trimpath'] } };

  it('keys by everything that decides the content, and by nothing else', () => {
    const key = cacheKey(recipe);
    assert.match(key, /^k3d-[0-9a-f]{12}$/);
    assert.equal(cacheKey({ name: 'k3d', inputs: { flags: ['-trimpath'], version: '5.8.3' } }), key);
    const others = [
      { name: 'k3d', inputs: { ...recipe.inputs, version: '5.8.4' } },
      { name: 'k3d', inputs: { ...recipe.inputs, flags: ['-trimpath', '-v'] } },
      { name: 'k3d', inputs: { ...recipe.inputs, source: 'release' } },
      { name: 'k4d', inputs: recipe.inputs },
    ];
    assert.equal(new Set([recipe, ...others].map(cacheKey)).size, 5);
  });

  it('makes an entry once', async () => {
    let made = 0;
    const make = async (folder: string) => {
      made++;
      await writeFile(join(folder, 'k3d'), 'program');
      return 'release';
    };
    const [first, second] = await Promise.all([cache.ensure(recipe, make), cache.ensure(recipe, make)]);
    const third = await new FolderCache(root).ensure(recipe, make);
    assert.equal(made, 1);
    assert.deepEqual([second, third], [first, first]);
    assert.equal(first.source, 'release');
    assert.equal(await readFile(join(first.folder, 'k3d'), 'utf8'), 'program');
  });

  it('keeps nothing of an entry that could not be made', async () => {
    const failing = async (folder: string) => {
      await writeFile(join(folder, 'half'), '');
      throw new Error('network');
    };
    await assert.rejects(cache.ensure(recipe, failing), /network/);
    assert.equal(await cache.find(recipe), undefined);
    assert.deepEqual(await readdir(join(root, 'tmp')), []);
    await cache.ensure(recipe, () => Promise.resolve('second try'));
    assert.equal((await cache.find(recipe))?.source, 'second try');
  });

  it('does not take a folder for an entry that was never finished', async () => {
    await mkdir(join(root, 'parts', cacheKey(recipe)), { recursive: true });
    await writeFile(join(root, 'parts', cacheKey(recipe), 'half'), '');
    assert.equal(await cache.find(recipe), undefined);
    const { folder } = await cache.ensure(recipe, () => Promise.resolve('made'));
    assert.equal(existsSync(join(folder, 'half')), false);
  });

  it('removes what killed processes left, and nothing of those at work', async () => {
    const gone = join(root, 'tmp', 'work-999999999-x');
    await mkdir(gone, { recursive: true });
    await cache.withTemporaryFolder(async (folder) => {
      await cache.removeLeftovers();
      assert.deepEqual([existsSync(folder), existsSync(gone)], [true, false]);
    });
    assert.deepEqual(await readdir(join(root, 'tmp')), []);
  });

  it('lies where the user wants caches, and keeps socket paths short', () => {
    const cacheOf = (env: NodeJS.ProcessEnv) => layoutFor(env).cache;
    assert.equal(cacheOf({ HOME: '/home/ann' }), '/home/ann/.cache/vscode-velocitas');
    assert.equal(cacheOf({ HOME: '/home/ann', XDG_CACHE_HOME: '/c' }), '/c/vscode-velocitas');
    assert.equal(layoutFor({ XDG_CACHE_HOME: '/c' }).run, '/c/vscode-velocitas/engine/run');
    const long = layoutFor({ XDG_CACHE_HOME: `/${'long/'.repeat(30)}` }).run;
    assert.ok(long.startsWith(tmpdir()) && long.length <= 60, long);
  });
});
