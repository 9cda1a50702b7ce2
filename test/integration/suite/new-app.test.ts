import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commands } from 'vscode';
import { acceptProposals, theExtension } from '../support/window';

describe('a new app', () => {
  let base: string;

  before(async () => {
    await theExtension().activate();
    base = await mkdtemp(join(tmpdir(), 'vapp-new-'));
  });

  after(() => rm(base, { recursive: true, force: true }));

  const create = (answers: object) => commands.executeCommand('velocitas.newApp', answers);

  it('is made of a template that is picked', async () => {
    const folder = join(base, 'speed');
    await acceptProposals(create({ name: 'SpeedApp', folder }));
    const manifest = JSON.parse(await readFile(join(folder, 'app', 'AppManifest.json'), 'utf8')) as { name: string };
    assert.equal(manifest.name, 'SpeedApp');
    assert.ok((await readdir(folder)).includes('.devcontainer'));
  });

  it('is refused where something is, and for a bad name; nothing is touched', async () => {
    const folder = join(base, 'mine');
    await mkdir(folder);
    await writeFile(join(folder, 'mine.txt'), 'mine');
    await create({ template: 'python', name: 'SpeedApp', folder });
    assert.deepEqual(await readdir(folder), ['mine.txt']);
    await create({ template: 'python', name: 'Speed App', folder: join(base, 'none') });
    assert.deepEqual((await readdir(base)).sort(), ['mine', 'speed']);
  });
});
