import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LineSplitter, runCommand } from '../../src/tools';
import { tryExistingEngine } from '../stack/engine/existing';
import { stackEnvironment } from '../stack/environment';

const root = join(__dirname, '..', '..');
const BOOTSTRAP = join(root, 'test', 'bootstrap.mjs');

describe('the stack', function () {
  this.timeout(120_000);
  let env: NodeJS.ProcessEnv;
  let emptyCache: string;

  before(async () => {
    env = await stackEnvironment();
    emptyCache = await mkdtemp(join(tmpdir(), 'vapp-stack-'));
  });
  after(() => rm(emptyCache, { recursive: true, force: true }));

  const bootstrap = (args: readonly string[], added: Record<string, string | undefined> = {}) =>
    runCommand(
      { program: process.execPath, args: [BOOTSTRAP, ...args], env: { ...env, ...added } },
      { acceptExitCodes: [1, 2, 3] },
    );

  it('has the tools at the versions that are tested', async () => {
    const answer = async (program: string, ...args: string[]) => {
      const { stdout } = await runCommand({ program, args, env });
      return stdout;
    };
    assert.match(await answer('k3d', 'version'), /^k3d version v5\.8\.3$/m);
    assert.match(await answer('helm', 'version', '--short'), /^v4\.1\.4/);
    assert.match(await answer(env['VAPP_TEST_HELM4'] ?? '', 'version', '--short'), /^v4\.1\.4/);
    assert.match(await answer(env['VAPP_TEST_HELM3'] ?? '', 'version', '--short'), /^v3\.16\.1/);
    assert.match(await answer('kubectl', 'version', '--client'), /Client Version: v1\.34\./);
    assert.match(await answer('docker', 'buildx', 'version'), /buildx/);
  });

  it('has an engine that runs privileged containers, and the question leaves nothing there', async () => {
    const images = async () => {
      const { stdout } = await runCommand({ program: 'docker', args: ['images', '-q', 'vapp-probe'], env });
      return stdout.trim();
    };
    const engine = await tryExistingEngine(env, new AbortController().signal);
    assert.equal(engine.usable, true);
    assert.equal(await images(), '');
  });

  it('says that nothing is missing, and what to export', async () => {
    const check = await bootstrap(['setup', '--check']);
    assert.equal(check.exitCode, 0, check.stdout);
    assert.match(check.stdout, /^k3d +5\.8\.3 +ready /m);
    const exported = await bootstrap(['setup', '--env']);
    assert.match(exported.stdout, new RegExp(`^export DOCKER_HOST='${env['DOCKER_HOST'] ?? ''}'$`, 'm'));
  });

  it('says what is missing, and what to do, where nothing has been set up', async () => {
    const check = await bootstrap(['setup', '--check'], { XDG_CACHE_HOME: emptyCache });
    assert.equal(check.exitCode, 1);
    assert.match(check.stdout, /^k3d +5\.8\.3 +missing /m);
    const vapp = await bootstrap(['vapp', 'status'], { XDG_CACHE_HOME: emptyCache });
    assert.equal(vapp.exitCode, 3);
    assert.match(vapp.stderr, /has not been set up.*\n.*npm run setup/);
  });

  it('refuses options it does not know', async () => {
    const { exitCode, stderr } = await bootstrap(['setup', '--chekc']);
    assert.equal(exitCode, 2);
    assert.match(stderr, /--chekc/);
  });

  it('leaves nothing unfinished behind when setup is cancelled', async () => {
    const child = spawn(process.execPath, [BOOTSTRAP, 'setup'], {
      env: { ...env, XDG_CACHE_HOME: emptyCache },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const lines = new LineSplitter((line) => {
      if (line.includes('official sources')) child.kill('SIGINT');
    });
    child.stderr.on('data', (chunk: Buffer) => lines.write(chunk));
    const [exitCode] = (await once(child, 'close')) as [number | null];
    assert.equal(exitCode, 130);
    const cache = join(emptyCache, 'vscode-velocitas');
    assert.equal(existsSync(join(cache, 'parts')), false);
    assert.equal(existsSync(join(cache, 'setup.lock')), false);
    const work = await readdir(join(cache, 'tmp')).catch(() => []);
    assert.deepEqual(
      work.filter((name) => name.startsWith('work-')),
      [],
    );
  });
});
