import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { ROOT_MARKERS, mayBeInRepository } from '../../../src/editor/root-markers';
import { ROOT_MARKERS as MARKERS_OF_THE_CORE } from '../../../src/project';

const root = join(__dirname, '..', '..', '..');

describe('what is loaded when the editor activates the extension', () => {
  it('is the extension’s own code, and no package', async () => {
    const { metafile } = await build({
      absWorkingDir: root,
      entryPoints: ['src/extension.ts'],
      bundle: true,
      write: false,
      metafile: true,
      outdir: 'dist',
      platform: 'node',
      external: ['vscode', '*/base', '*/core'],
    });
    const [output] = Object.values(metafile.outputs);
    assert.ok(output);
    const rooms = Object.entries(output.inputs).flatMap(([file, { bytesInOutput }]) =>
      bytesInOutput === 0 ? [] : [file.split('/').slice(0, 2).join('/')],
    );
    assert.deepEqual([...new Set(rooms)].sort(), ['src/editor', 'src/extension.ts']);
  });

  it('is more only where a repository may be', async () => {
    assert.deepEqual(ROOT_MARKERS, MARKERS_OF_THE_CORE);
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'vapp-markers-')));
    try {
      const below = join(folder, 'deep', 'below');
      await mkdir(below, { recursive: true });
      for (const marker of ROOT_MARKERS) {
        const file = join(folder, marker);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, '');
        assert.equal(mayBeInRepository(below), true, marker);
        await rm(file);
      }
      assert.equal(mayBeInRepository(below), false);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
