import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../src/tools';
import { version } from '../../package.json';
import { packVapp } from './support/feature/bed';
import { ensureShellCheck } from './support/shellcheck';
import { lazyContext } from './support/lazy-context';

const feature = join(__dirname, '../../devcontainer-feature');

describe('what the devcontainer Feature is made of', function () {
  this.timeout('5m');

  it('has scripts without a finding of ShellCheck', async () => {
    const { program, env } = await ensureShellCheck(await lazyContext());
    const src = join(feature, 'src/velocitas');
    const tests = join(feature, 'test/velocitas');
    const scripts = (await readdir(tests)).filter((name) => name.endsWith('.sh')).map((name) => join(tests, name));
    // What install.sh sources is looked at with it.
    const own = ['install.sh', 'share/entrypoint.sh', 'share/on-open.sh'].map((name) => join(src, name));
    await runCommand({ program, args: ['--external-sources', ...own, ...scripts], env });
  });

  it('has scripts that POSIX shells read: nothing of bash in what runs on any distribution', async () => {
    const src = join(feature, 'src/velocitas');
    const names = (await readdir(src, { recursive: true })).filter((name) => name.endsWith('.sh'));
    for (const name of names) {
      assert.match(await readFile(join(src, name), 'utf8'), /^#(!\/bin\/sh| shellcheck shell=sh)\n/, name);
    }
  });

  it('finds vapp packed as a release has it, the same bytes from the same sources', async () => {
    const base = await mkdtemp(join(tmpdir(), 'vapp-package-test-'));
    try {
      for (const name of ['one', 'two']) await packVapp(join(base, name));
      const sums = (name: string) => readFile(join(base, name, 'checksums.txt'), 'utf8');
      assert.match(
        await sums('one'),
        new RegExp(`^[0-9a-f]{64}  vapp-${version.replaceAll('.', '\\.')}\\.tar\\.gz\\n$`),
      );
      assert.equal(await sums('one'), await sums('two'));
      const unpack = ['-xzf', join(base, 'one', `vapp-${version}.tar.gz`), '-C', base];
      await runCommand({ program: 'tar', args: unpack });
      const run = await runCommand({ program: join(base, 'vapp', 'bin', 'vapp'), args: ['--version'] });
      assert.equal(run.stdout.trim(), version);
    } finally {
      await rm(base, { recursive: true });
    }
  });
});
