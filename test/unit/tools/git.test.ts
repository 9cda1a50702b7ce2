import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blobId } from '../../../src/scaffold/adoption';
import { Git, runCommand } from '../../../src/tools';

describe('git', () => {
  let folder: string;
  let git: Git;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vapp-unit-'));
    git = new Git(folder, process.env);
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('gives back what it kept, and touches no file', async () => {
    await runCommand({ program: 'git', args: ['init', '--quiet'], cwd: folder });
    await git.keep('kept\n');
    assert.equal(await git.blob(blobId('kept\n')), 'kept\n');
    assert.equal(await git.blob(blobId('other\n')), undefined);
    assert.deepEqual(await readdir(folder), ['.git']);
  });

  it('keeps nothing outside of a repository', async () => {
    await git.keep('kept\n');
    assert.equal(await git.blob(blobId('kept\n')), undefined);
  });

  it('runs nothing that the configuration of a folder names', async () => {
    const canary = join(folder, 'canary');
    const git = (...args: string[]) => runCommand({ program: 'git', args, cwd: folder }, { acceptExitCodes: [128] });
    const configure = async (bare: boolean) => {
      await git('init', '--quiet', ...(bare ? ['--bare', '.'] : []));
      for (const [name, value] of [
        ['core.repositoryFormatVersion', '1'],
        ['core.sshCommand', `touch '${canary}'; false`],
        ['core.fsmonitor', `touch '${canary}'; false`],
        ['extensions.partialClone', 'origin'],
        ['remote.origin.url', 'ssh://nobody@localhost/x'],
        ['remote.origin.promisor', 'true'],
      ] as const) {
        await git('config', name, value);
      }
    };
    // A missing object is what git would fetch.
    const missing = blobId('never kept\n');
    for (const bare of [true, false]) {
      await configure(bare);
      await git('cat-file', 'blob', missing);
      assert.ok(existsSync(canary), 'git would have run it');
      await rm(canary);
      const ours = new Git(folder, process.env);
      assert.equal(await ours.blob(missing), undefined);
      await ours.keep('kept\n');
      assert.ok(!existsSync(canary));
      await rm(folder, { recursive: true });
      await mkdir(folder);
    }
  });

  it('merges changes in different places, and says when both changed the same', async () => {
    const before = 'a\nb\nc\nd\ne\n';
    assert.equal(await git.merge('A\nb\nc\nd\ne\n', before, 'a\nb\nc\nd\nE\n'), 'A\nb\nc\nd\nE\n');
    assert.equal(await git.merge('A\nb\n', 'a\nb\n', 'X\nb\n'), undefined);
  });

  it('shows what is new, changed and gone', async () => {
    const diff = await git.diff({ 'x/changed': 'a\n', gone: 'g\n' }, { 'x/changed': 'b\n', new: 'n\n' });
    const lines = diff.split('\n').filter((line) => /^(---|\+\+\+|[-+][a-z])/.test(line));
    assert.deepEqual(lines, [
      ...['--- a/gone', '+++ /dev/null', '-g'],
      ...['--- /dev/null', '+++ b/new', '+n'],
      ...['--- a/x/changed', '+++ b/x/changed', '-a', '+b'],
    ]);
    assert.equal(await git.diff({ a: 'same\n' }, { a: 'same\n' }), '');
  });

  it('is missed in plain words', async () => {
    await assert.rejects(new Git(folder, { ...process.env, PATH: '' }).keep('x'), { code: 'tool-missing' });
  });
});
