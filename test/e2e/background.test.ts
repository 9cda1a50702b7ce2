import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '../../src/base';
import type { BackgroundReport, WorkspaceStatus } from '../../src/run';
import { Toolbox, dockerClient, runCommand, type Docker } from '../../src/tools';
import { commandLines } from './support/images';
import { objectsOf } from './support/engine';
import { lightApp, saying } from './support/light-app';
import { SocketProxy } from './support/socket-proxy';
import { TestWorkspace, assertDone, assertFailed, type VappResult } from './support/workspace';

describe('a start in the background', function () {
  this.timeout('5m');
  let workspace: TestWorkspace;
  let docker: Docker;
  /** Stands for an engine that is not up yet, until it listens. */
  let engine: SocketProxy;

  before(async () => {
    workspace = await TestWorkspace.create('Früh übt sich');
    await workspace.write(lightApp({ script: saying('good morning') }));
    docker = await dockerClient(new Toolbox(workspace.environment()));
    const { socketPath } = docker.modem as { socketPath?: string };
    engine = new SocketProxy(socketPath ?? '/var/run/docker.sock', join(workspace.home, 'engine.sock'));
  });

  after(async () => {
    await engine.die();
    await workspace.dispose();
  });

  const later = () => ({ env: { DOCKER_HOST: `unix://${engine.path}` } });
  const report = (result: VappResult): BackgroundReport => {
    assertDone(result);
    return result.outcome.value as BackgroundReport;
  };
  const status = async (options = {}): Promise<WorkspaceStatus> => {
    const result = await workspace.vapp(['status'], options);
    assertDone(result);
    return result.outcome.value as WorkspaceStatus;
  };
  const processes = async () => (await commandLines()).filter((line) => line.includes(workspace.path));
  const ended = async () => {
    while ((await processes()).length > 0) await sleep(100);
  };

  it('is at work before there is an engine, for everyone to see', async () => {
    const { state, logFile } = report(await workspace.vapp(['up', '--background'], later()));
    assert.equal(state, 'begun');
    assert.equal((await processes()).length, 1);
    const { activity, runtime } = await status(later());
    assert.deepEqual([activity, runtime.state], ['starting', 'unknown']);
    assert.ok(existsSync(logFile));
  });

  it('is not begun twice', async () => {
    const { state } = report(await workspace.vapp(['up', '--background'], later()));
    assert.equal(state, 'at-work');
    assert.equal((await processes()).length, 1);
  });

  it('starts the runtime once the engine is up, and builds the app', async () => {
    await engine.listen();
    await ended();
    const { activity, runtime } = await status();
    assert.deepEqual([activity, runtime.state], [undefined, 'running']);
    const log = await readFile(report(await begunAndEnded()).logFile, 'utf8');
    assert.match(log, /✓ Docker/);
    assert.match(log, /✓ Runtime/);
    assert.match(log, /✓ Build/);
  });

  it('leaves a first run in which every build step is cached', async () => {
    const run = await workspace.vapp(['run', '--no-follow']);
    assertDone(run);
    assert.deepEqual(run.lines, ['good morning']);
    const image = run.events.find((event) => event.type === 'image');
    const steps = image?.image.steps.filter(({ name }) => !name.includes('FROM'));
    assert.deepEqual(
      steps?.map(({ state }) => state),
      ['cached'],
    );
  });

  it('resumes a stopped runtime, whose app runs again without a build', async () => {
    assertDone(await workspace.vapp(['stop']));
    const stopped = new Date().toISOString();
    await begunAndEnded();
    assert.equal((await status()).runtime.state, 'running');
    // The runtime is up before the app has said anything again.
    const logs = await workspace.vapp(['logs', '--since', stopped], {
      interruptWhen: (event) => event.type === 'log' && event.event.type === 'line',
    });
    assertDone(logs);
    assert.deepEqual(logs.lines, ['good morning']);
  });

  for (const [signal, what] of [
    ['SIGTERM', 'asked to end'],
    ['SIGKILL', 'killed'],
  ] as const) {
    it(`is made good by the next start when it is ${what} in the middle`, async () => {
      assertDone(await workspace.vapp(['delete']));
      assert.equal(report(await workspace.vapp(['up', '--background'])).state, 'begun');
      const { cluster } = (await status()).runtime;
      while (!(await objectsOf(docker, cluster)).some((name) => name.includes('server-0'))) await sleep(50);
      process.kill(await pidOf(), signal);
      assertDone(await workspace.vapp(['up']));
      const { activity, runtime } = await status();
      assert.deepEqual([activity, runtime.state], [undefined, 'running']);
    });
  }

  it('leaves nothing behind that a delete does not take', async () => {
    await ended();
    const { cluster } = (await status()).runtime;
    assertDone(await workspace.vapp(['delete']));
    assert.deepEqual(await objectsOf(docker, cluster), []);
    const data = join(workspace.home, 'data', 'vscode-velocitas');
    assert.deepEqual(
      (await readdir(data)).filter((name) => name.startsWith(cluster)),
      [],
    );
  });

  it('ends with a reason in its log when the engine does not come up in time', async () => {
    await engine.die();
    const { logFile } = report(await workspace.vapp(['up', '--background', '--wait-for-docker', '1s'], later()));
    await ended();
    assert.match(await readFile(logFile, 'utf8'), /Docker could not be used within 1 s\./);
    const { activity, runtime } = await status(later());
    assert.deepEqual([activity, runtime.failure?.code], [undefined, 'docker-not-running']);
    assertFailed(await workspace.vapp(['up', '--wait-for-docker', '1s'], later()), 'docker-not-running', 3);
  });

  async function begunAndEnded(): Promise<VappResult> {
    const result = await workspace.vapp(['up', '--background']);
    assert.equal(report(result).state, 'begun');
    await ended();
    return result;
  }

  async function pidOf(): Promise<number> {
    for (const name of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
      const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
      if (line.includes(workspace.path) && line.includes('--background-process')) return Number(name);
    }
    assert.fail('there is no process in the background');
  }
});

describe('a start in the background of a folder without an app', () => {
  it('does nothing, says so, and is no failure', async () => {
    const workspace = await TestWorkspace.create('leer');
    try {
      const { stdout } = await runCommand({
        program: process.execPath,
        args: [join(__dirname, '..', '..', 'dist', 'cli.js'), 'up', '--background'],
        cwd: workspace.path,
        env: workspace.environment(),
      });
      assert.equal(stdout, 'There is no Vehicle App repository here, so there is no runtime to start.\n');
    } finally {
      await workspace.dispose();
    }
  });
});
