import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCodeOf } from '../../../src/cli/exit-codes';
import { crashMessage, main, parseDuration, parseSince, type Host } from '../../../src/cli/program';
import { Failure } from '../../../src/base';
import { Redactor } from '../../../src/tools';
import { VALID, writeFiles } from '../project/temporary-repository';
import { FakeOutput } from './fake-output';

describe('vapp: arguments', () => {
  let folder: string;
  let out: FakeOutput;
  let err: FakeOutput;
  let host: Host;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vapp-unit-'));
    [out, err] = [new FakeOutput(), new FakeOutput()];
    host = {
      out,
      err,
      env: { PATH: '' },
      cwd: folder,
      version: '1.2.3',
      chartsDirectory: folder,
      own: { program: process.execPath, args: [] },
      signal: new AbortController().signal,
    };
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('prints help and version, with exit code 0', async () => {
    assert.equal(await main(['--help'], host), 0);
    for (const command of [
      'run',
      'build',
      'up',
      'deploy',
      'logs',
      'status',
      'stop',
      'delete',
      'doctor',
      'rollback',
      'test',
      'package',
    ]) {
      assert.match(out.text, new RegExp(`^ {2}${command} `, 'm'));
    }
    out.text = '';
    assert.equal(await main(['--version'], host), 0);
    assert.equal(out.text, '1.2.3\n');
  });

  for (const args of [
    ['fly'],
    ['run', '--fast'],
    ['--output', 'xml', 'status'],
    ['logs', '--tail', 'x'],
    ['completion', 'cmd'],
    ['build', '--sbom'],
    ['package', '--version', '1.0.0'],
  ]) {
    it(`answers 2 and one message to: vapp ${args.join(' ')}`, async () => {
      assert.equal(await main(args, host), 2);
      assert.match(err.text, /^error: /);
    });
  }

  it('starts nothing in the background outside of a repository, which is no failure', async () => {
    assert.equal(await main(['up', '--background'], host), 0);
    assert.equal(out.text, 'There is no Vehicle App repository here, so there is no runtime to start.\n');
    out.text = '';
    assert.equal(await main(['--output', 'json', 'up', '--background'], host), 0);
    assert.deepEqual((JSON.parse(out.text) as { value: unknown }).value, { state: 'no-app' });
  });

  for (const command of ['run', 'logs', 'status', 'test', 'rollback', 'uninstall']) {
    it(`refuses a context that vapp.yaml does not allow, before anything is asked: ${command}`, async () => {
      await writeFiles(folder, VALID);
      assert.equal(await main(['--output', 'json', command, '--context', 'prod'], host), 2);
      const { failure } = JSON.parse(out.text.trimEnd().split('\n').at(-1)!) as { failure: { code: string } };
      assert.equal(failure.code, 'context-not-allowed');
    });
  }

  it('lists the apps with the platforms that vapp.yaml names, without Docker', async () => {
    await writeFiles(folder, {
      ...VALID,
      'vapp.yaml': 'apps: [{ manifest: app/AppManifest.json, platforms: [linux/amd64, linux/arm/v7] }]',
    });
    assert.equal(await main(['--output', 'json', 'apps'], host), 0);
    const { value } = JSON.parse(out.text.trimEnd().split('\n').at(-1)!) as { value: unknown };
    const platforms = ['linux/amd64', 'linux/arm/v7'];
    assert.deepEqual(value, [
      {
        ...{ id: 'sampleapp', name: 'SampleApp', platforms, dockerfile: 'app/Dockerfile', context: '.' },
        hasIntegrationTests: false,
      },
    ]);
    out.text = '';
    assert.equal(await main(['apps'], host), 0);
    assert.equal(out.text, 'sampleapp  app/Dockerfile  linux/amd64, linux/arm/v7\n');
  });

  it('answers 2 outside of a repository, and says where to go', async () => {
    assert.equal(await main(['status'], host), 2);
    assert.match(err.text, /is not inside a Vehicle App repository/);
    assert.match(err.text, /→ Go to a folder with/);
  });

  it('prints completion for every shell', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      out.text = '';
      assert.equal(await main(['completion', shell], host), 0);
      assert.match(out.text, /rollback/);
      assert.match(out.text, /platform/);
      assert.doesNotMatch(out.text, /background-process/, 'which is for vapp itself');
    }
  });

  it('reads durations and times', () => {
    assert.equal(parseDuration('90'), 90_000);
    assert.equal(parseDuration('1h30m'), 5_400_000);
    assert.equal(parseDuration('250ms'), 250);
    assert.throws(() => parseDuration('soon'));
    assert.equal(parseSince('2026-01-02T03:04:05Z').toISOString(), '2026-01-02T03:04:05.000Z');
    assert.throws(() => parseSince('2026-99-99'));
  });

  it('says of a crash where it happened, no secret, and nothing that does something to a terminal', () => {
    new Redactor().add('planted-secret');
    const error = Object.assign(new TypeError('broke at planted-secret\u001b[2J'), { env: { TOKEN: 'planted-token' } });
    const said = crashMessage(error);
    assert.match(said, /^TypeError: broke at \*\*\*\n {4}at .*program\.test\.ts/);
    assert.ok(!said.includes('planted') && !said.includes('\u001b'), said);
    assert.equal(crashMessage('planted-secret'), '***');
  });

  it('tells by the exit code who has to act', () => {
    const failed = (fault: 'app' | 'usage' | 'environment') =>
      exitCodeOf({ status: 'failed', failure: new Failure({ code: 'x', fault, summary: 'x' }) });
    assert.deepEqual(
      ['app', 'usage', 'environment'].map((fault) => failed(fault as 'app')),
      [1, 2, 3],
    );
    assert.equal(exitCodeOf({ status: 'cancelled' }), 130);
    assert.equal(exitCodeOf({ status: 'done', value: undefined }), 0);
  });
});
