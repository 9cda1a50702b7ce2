import assert from 'node:assert/strict';
import { mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sinon from 'sinon';
import { Cancelled, Failure, sleep } from '../../../src/base';
import type { EngineEvent } from '../../../src/runtime';
import type { EnginePicture } from '../../../src/state';
import { watchEngine } from '../../../src/state/engine-watch';
import { FakeEngine, notThere } from './fakes';

describe('a watched engine', () => {
  let engine: FakeEngine;
  let states: EnginePicture[];
  let events: EngineEvent[];
  let installed: boolean;
  let stop: AbortController;
  let ended: Promise<unknown>;

  beforeEach(() => {
    engine = new FakeEngine();
    states = [];
    events = [];
    installed = true;
    stop = new AbortController();
  });

  afterEach(async () => {
    stop.abort();
    assert.ok((await ended) instanceof Cancelled);
    assert.equal(engine.listening, false);
  });

  function begin(): void {
    const missing = new Failure({ code: 'tool-missing', fault: 'environment', summary: 'no docker' });
    ended = watchEngine(
      {
        docker: () => Promise.resolve(engine),
        toolbox: { path: () => (installed ? Promise.resolve('/usr/bin/docker') : Promise.reject(missing)) },
        onState: (state) => states.push(state),
        onEvent: (event) => events.push(event),
        onError: (error) => assert.fail(String(error)),
      },
      stop.signal,
    ).catch((error: unknown) => error);
  }

  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
  }

  const names = () => states.map(({ state }) => state).join(' ');

  it('tells what happens in it', async () => {
    begin();
    await until(() => states.length === 1);
    engine.say({ Type: 'container', Action: 'start' });
    engine.say({ Type: 'container', Action: 'die' });
    await until(() => events.length === 2);
    assert.deepEqual(
      events.map(({ Action }) => Action),
      ['start', 'die'],
    );
    assert.equal(engine.asked, 1);
  });

  it('is missing when there is no docker CLI either', async () => {
    engine.refusal = notThere();
    installed = false;
    begin();
    await until(() => states.length === 1);
    assert.equal(states[0]?.state, 'missing');
    assert.equal(states[0].failure?.code, 'docker-not-running');
  });

  it('is down, not missing, when it may not be used', async () => {
    engine.refusal = Object.assign(new Error('connect EACCES'), { code: 'EACCES' });
    installed = false;
    begin();
    await until(() => states.length === 1);
    assert.equal(states[0]?.state, 'down');
    assert.equal(states[0].failure?.code, 'docker-permission');
  });

  it('is asked again as soon as its socket changes, through a link too', async () => {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'vapp-engine-')));
    try {
      engine.modem = { socketPath: join(folder, 'link.sock') };
      await symlink('docker.sock', engine.modem.socketPath!);
      engine.refusal = notThere();
      begin();
      await until(() => states.length === 1);
      // The folder is watched a moment after the state is told.
      await sleep(50);
      engine.refusal = undefined;
      await writeFile(join(folder, 'docker.sock'), '');
      await until(() => states.length === 2);
      assert.equal(names(), 'down up');
      assert.equal(engine.asked, 2);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  describe('as time goes by', () => {
    let clock: sinon.SinonFakeTimers;
    beforeEach(() => (clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })));
    afterEach(() => clock.restore());

    it('is asked again more and more seldom behind a network address', async () => {
      engine.refusal = notThere();
      begin();
      const asked: number[] = [];
      for (let second = 0; second <= 100; second += 1) {
        await clock.tickAsync(second === 0 ? 0 : 1000);
        if (engine.asked > asked.length) asked.push(second);
      }
      assert.deepEqual(asked, [0, 5, 15, 35, 65, 95]);
      assert.equal(new Set(states.map(({ state }) => state)).size, 1);
      engine.refusal = undefined;
      await clock.tickAsync(30_000);
      assert.equal(names().endsWith('down up'), true);
    });

    it('is not told to be gone when only its connection broke', async () => {
      begin();
      await clock.tickAsync(60_000);
      engine.cut();
      await until(() => states.length === 2);
      assert.equal(names(), 'up up');
    });

    it('is told to be gone when it does not answer any more', async () => {
      begin();
      await clock.tickAsync(60_000);
      engine.refusal = notThere();
      engine.cut();
      await until(() => states.length === 2);
      assert.equal(names(), 'up down');
    });

    it('is not asked over and over when it closes each connection at once', async () => {
      begin();
      for (let turn = 0; turn < 40; turn += 1) {
        engine.cut();
        for (let spin = 0; spin < 10; spin += 1) await new Promise((resolve) => setImmediate(resolve));
        await clock.tickAsync(500);
      }
      assert.equal(engine.asked, 4);
    });

    it('does not wait for an answer for ever', async () => {
      engine.getEvents = ({ abortSignal }) =>
        new Promise((_, reject) => abortSignal?.addEventListener('abort', () => reject(new Error('aborted'))));
      begin();
      await clock.tickAsync(15_000);
      assert.equal(names(), 'down');
      assert.match(states[0]?.failure?.evidence.join() ?? '', /no answer within 15 s/);
    });
  });
});
