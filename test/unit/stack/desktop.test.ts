import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engines } from '../../../package.json';
import { Toolbox } from '../../../src/tools';
import { FolderCache } from '../../stack/cache';
import { DESKTOPS, desktopParts, findDesktops, NEWEST_VSCODE } from '../../stack/parts/desktop';
import { NEWEST, OLDEST, workbenchParts } from '../../stack/parts/workbench';
import type { StackContext } from '../../stack/types';

describe('stack: desktop editors', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'vapp-desktops-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  function context(env: NodeJS.ProcessEnv, reachable = true): StackContext {
    return {
      cache: new FolderCache(root),
      reachable: () => reachable,
      progress: { part: (_name, work) => work(() => undefined), note: () => undefined },
      env,
      toolbox: new Toolbox(env),
      signal: new AbortController().signal,
    };
  }

  async function fillCache(): Promise<string[]> {
    const { cache } = context({});
    const programs: string[] = [];
    for (const desktop of DESKTOPS) {
      const [source] = desktop.sources(context({}));
      assert.ok(source);
      const entry = await cache.ensure(source.recipe, () => Promise.resolve(source.label));
      programs.push(join(entry.folder, source.program));
    }
    return programs;
  }

  it('begin with the oldest that the manifest promises', () => {
    assert.equal(`^${DESKTOPS[0]?.version ?? ''}`, engines.vscode);
  });

  it('are as old and as new as the workbenches in a browser', () => {
    const minor = (version: string) => version.split('.')[1];
    assert.equal(minor(OLDEST.version), minor(engines.vscode));
    assert.equal(minor(NEWEST.version), minor(NEWEST_VSCODE));
  });

  it('are those of the cache where there is a screen, and none where there is not', async () => {
    const programs = await fillCache();
    assert.deepEqual(await findDesktops(context({ DISPLAY: ':0' })), programs);
    assert.deepEqual(await findDesktops(context({ WAYLAND_DISPLAY: 'wayland-0' })), programs);
    assert.deepEqual(await findDesktops(context({})), []);
  });

  it('give way to the one that is named', async () => {
    await fillCache();
    assert.deepEqual(await findDesktops(context({ DISPLAY: ':0', VSCODE_EXECUTABLE_PATH: '/opt/code' })), [
      '/opt/code',
    ]);
  });

  it('are asked for only where setup would bring them', () => {
    assert.equal(desktopParts(context({ DISPLAY: ':0' })).length, DESKTOPS.length);
    assert.deepEqual(desktopParts(context({ DISPLAY: ':0' }, false)), []);
    assert.deepEqual(desktopParts(context({})), []);
  });

  it('stand beside a browser, which may be the one that is named', async () => {
    const browser = workbenchParts.at(-1);
    const own = await browser?.status(context({ VAPP_TEST_BROWSER: '/opt/chrome' }));
    assert.deepEqual(own, { state: 'ready', source: 'VAPP_TEST_BROWSER', detail: '/opt/chrome' });
    assert.equal((await browser?.status(context({})))?.state, 'missing');
  });
});
