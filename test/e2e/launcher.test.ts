import assert from 'node:assert/strict';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../src/tools';

const launcher = join(__dirname, '../../bin/vapp');

/** The extension puts `bin/` on the PATH of the editor's terminals. */
describe('the launcher of vapp in the editor’s terminals', function () {
  this.timeout('2m');

  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vapp launcher '));
    await symlink(launcher, join(folder, 'vapp'));
    await symlink(process.execPath, join(folder, 'editor node'));
  });

  after(async () => {
    await rm(folder, { recursive: true });
  });

  async function version(program: string, env: NodeJS.ProcessEnv): Promise<string> {
    const { stdout } = await runCommand({ program, args: ['--version'], cwd: folder, env });
    return stdout.trim();
  }

  const withoutNode = '/usr/bin:/bin';

  it('runs vapp with the Node that the editor names', async () => {
    const env = { PATH: withoutNode, VELOCITAS_NODE: join(folder, 'editor node') };
    assert.match(await version(launcher, env), /^\d+\.\d+\.\d+/);
  });

  it('runs it with the Node on the PATH when that of the editor is gone', async () => {
    const env = { PATH: process.env['PATH'], VELOCITAS_NODE: join(folder, 'an older editor') };
    assert.match(await version(launcher, env), /^\d+\.\d+\.\d+/);
  });

  it('may be called by a link', async () => {
    assert.match(await version(join(folder, 'vapp'), { PATH: process.env['PATH'] }), /^\d+\.\d+\.\d+/);
  });
});
