import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../../src/base';
import type { WorkbenchPrograms } from '../stack/parts/workbench';
import { workbenchPrograms } from '../workbench/programs';
import { runSuite } from '../integration/run-suite';

const root = join(__dirname, '..', '..');

describe('running a suite in the extension host', function () {
  this.timeout('2m');

  let folder: string;
  let programs: WorkbenchPrograms;

  before(async () => {
    programs = await workbenchPrograms();
    folder = await mkdtemp(join(tmpdir(), 'vapp-host-'));
    const manifest = { name: 'stub', publisher: 'test', version: '0.0.1', engines: { vscode: '*' } };
    await mkdir(join(folder, 'extension'));
    await writeFile(join(folder, 'extension', 'package.json'), JSON.stringify(manifest));
    await mkdir(join(folder, 'workspace'));
  });

  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function countsOf(name: string, body: string) {
    const suite = join(folder, name);
    await mkdir(suite);
    await writeFile(
      join(suite, 'one.test.ts'),
      `import 'vscode'; describe('${name}', () => { it('does', () => { ${body} }); });`,
    );
    return runSuite({
      suite,
      extension: join(folder, 'extension'),
      workspace: join(folder, 'workspace'),
      env: process.env,
      programs,
    });
  }

  it('counts a test that passes', async () => {
    assert.deepEqual(await countsOf('passing', ''), { passed: 1, failed: 0, skipped: 0, failures: [] });
  });

  it('counts a test that fails', async () => {
    const { failures, ...counts } = await countsOf('failing', "throw new Error('no');");
    assert.deepEqual(counts, { passed: 0, failed: 1, skipped: 0 });
    assert.equal(failures.length, 1);
    assert.match(failures[0] ?? '', /^failing › does: no\n +\(free then: /);
  });

  describe('ended from outside', () => {
    let temporary: string;
    let child: ChildProcess;

    beforeEach(async () => {
      temporary = await mkdtemp(join(folder, 'temporary-'));
      const started = join(temporary, 'started');
      const suite = join(folder, 'endless.cjs');
      await writeFile(
        suite,
        `exports.run = () => new Promise(() => require('node:fs').writeFileSync(process.env.VAPP_TEST_STARTED, ''));`,
      );
      child = spawn(
        process.execPath,
        [
          join(root, 'test', 'workbench', 'code.cjs'),
          join(folder, 'workspace'),
          `--extensionDevelopmentPath=${join(folder, 'extension')}`,
          `--extensionTestsPath=${suite}`,
        ],
        {
          env: {
            ...process.env,
            TMPDIR: temporary,
            VAPP_TEST_STARTED: started,
            VAPP_TEST_WORKBENCH: JSON.stringify(programs),
          },
          stdio: ['pipe', 'ignore', 'inherit'],
        },
      );
      while (!existsSync(started)) await sleep(100);
      assert.notDeepEqual(await processesAbout(temporary), []);
    });

    async function assertNothingLeft() {
      assert.deepEqual(await processesAbout(temporary), []);
      const left = await readdir(temporary);
      assert.deepEqual(
        left.filter((name) => /workbench|chromium|playwright|vscode-(ipc|git)/.test(name)),
        [],
      );
    }

    it('leaves nothing behind when it gets SIGTERM', async () => {
      child.kill('SIGTERM');
      const [code] = (await once(child, 'exit')) as [number | null];
      assert.equal(code, 130);
      await assertNothingLeft();
    });

    it('leaves nothing behind when its caller is gone', async () => {
      child.stdin?.destroy();
      await once(child, 'exit');
      await assertNothingLeft();
    });
  });

  it('takes the death of the extension host for a failure', async () => {
    const { failures, ...counts } = await countsOf('dying', "process.kill(process.pid, 'SIGKILL');");
    assert.deepEqual(counts, { passed: 0, failed: 1, skipped: 0 });
    assert.match(failures.join(), /^did not come to its end: /);
  });
});

/** Command lines of live processes in which a text occurs. */
async function processesAbout(text: string): Promise<string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(text)).map((line) => line.replaceAll('\0', ' '));
}
