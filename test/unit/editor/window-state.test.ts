import assert from 'node:assert/strict';
import { actionsFor } from '../../../src/editor/sensible-actions';
import { contextOf } from '../../../src/editor/window-state';
import { absentApp, dockerDown, folder, l10n, runtime, servingApp } from './tree-fakes';

const idle = (state: 'absent' | 'stopped' | 'unknown', more: Parameters<typeof runtime>[1] = {}) =>
  folder({ apps: [absentApp()], runtime: runtime(state, more) });
const down = folder({
  apps: [absentApp()],
  runtime: runtime('unknown'),
  engine: { state: 'down', failure: dockerDown },
});
const live = { apps: ['seatadjuster'], troubles: [] };
const job = { apps: ['seatadjuster'], title: 'Running', steps: [] };

describe('the context keys', () => {
  it('say that there is no repository', () => {
    assert.deepEqual(contextOf([]), {
      folders: 0,
      apps: 0,
      engine: 'unknown',
      runtime: 'unknown',
      deployed: false,
      rollback: false,
      busy: false,
      live: false,
      canStart: false,
      canStop: false,
      canDelete: false,
    });
  });

  it('say what can be done with a running app', () => {
    assert.deepEqual(contextOf([folder()]), {
      folders: 1,
      apps: 1,
      engine: 'up',
      runtime: 'running',
      deployed: true,
      rollback: true,
      busy: false,
      live: false,
      canStart: false,
      canStop: true,
      canDelete: true,
    });
    const first = servingApp({ release: { revision: 1, status: 'deployed', updated: '' } });
    assert.equal(contextOf([folder({ apps: [first] })]).rollback, false);
    assert.equal(contextOf([folder({}, { jobs: [job] })]).busy, true);
  });

  it('say that a live update goes on, which is nothing that keeps the window busy', () => {
    const { live: goesOn, busy } = contextOf([folder({}, { live: [live] }), folder()]);
    assert.deepEqual([goesOn, busy], [true, false]);
  });

  const can = (...folders: Parameters<typeof contextOf>[0]) => {
    const { runtime: word, canStart, canStop, canDelete } = contextOf(folders);
    return [word, canStart, canStop, canDelete];
  };

  it('say what can be done with the runtime, also while somebody else is at it', () => {
    assert.deepEqual(can(idle('absent')), ['absent', true, false, false]);
    assert.deepEqual(can(idle('stopped')), ['stopped', true, false, true]);
    assert.deepEqual(can(idle('unknown')), ['unknown', false, false, false]);
    assert.deepEqual(can(idle('absent', { activity: 'starting' })), ['starting', false, true, true]);
    assert.deepEqual(can(idle('stopped', { activity: 'deleting' })), ['deleting', false, false, false]);
    assert.deepEqual(can(idle('stopped', { activity: 'stopping' })), ['stopping', false, false, true]);
    assert.deepEqual(can(down), ['unknown', false, false, false]);
    const awaited = folder({ engine: { state: 'down' }, runtime: runtime('unknown', { activity: 'starting' }) });
    assert.deepEqual(can(awaited), ['starting', false, false, false]);
  });

  it('tell the empty states of the view apart', () => {
    const key = (view: ReturnType<typeof folder>) => {
      const { folders, engine, runtime: word } = contextOf([view]);
      return `${folders} ${engine} ${word}`;
    };
    const missing = folder({ apps: [], runtime: runtime('unknown'), engine: { state: 'missing' } });
    const unasked = folder({ apps: [], runtime: runtime('unknown'), engine: { state: 'unknown' } });
    const keys = [
      down,
      missing,
      unasked,
      idle('unknown'),
      idle('absent'),
      idle('stopped'),
      idle('absent', { activity: 'starting' }),
    ].map(key);
    assert.equal(new Set(keys).size, keys.length, keys.join(', '));
  });

  it('say of several folders what can be done in any', () => {
    assert.deepEqual(can(folder(), idle('stopped')), ['running', true, true, true]);
    const both = contextOf([down, folder()]);
    assert.deepEqual([both.folders, both.apps, both.engine, both.deployed], [2, 2, 'up', true]);
  });
});

describe('the actions that make sense', () => {
  const commands = (...folders: Parameters<typeof contextOf>[0]) =>
    actionsFor(contextOf(folders), l10n).map(({ command }) => command);
  const always = ['doctor', 'showOutput'];

  it('begin with what one most likely wants', () => {
    assert.deepEqual(commands(idle('absent')), ['run', 'startLiveUpdate', 'build', 'startRuntime', ...always]);
    assert.deepEqual(commands(idle('stopped')), [
      'run',
      'startLiveUpdate',
      'build',
      'startRuntime',
      'deleteRuntime',
      ...always,
    ]);
    assert.deepEqual(commands(folder()), [
      'run',
      'startLiveUpdate',
      'showLog',
      'build',
      'test',
      'rollBack',
      'uninstall',
      'stopRuntime',
      'deleteRuntime',
      ...always,
    ]);
  });

  it('offer to cancel what is being done, and nothing that would disturb it', () => {
    assert.deepEqual(commands(folder({}, { jobs: [job] })), ['cancel', 'showLog', 'stopRuntime', ...always]);
  });

  it('offer to end a live update, and nothing that would begin another', () => {
    const offered = commands(folder({}, { live: [live] }));
    assert.deepEqual(offered.slice(0, 3), ['run', 'stopLiveUpdate', 'showLog']);
    assert.ok(!offered.includes('startLiveUpdate'));
    assert.ok(!commands(folder({}, { live: [live], jobs: [job] })).includes('stopLiveUpdate'), 'cancel is');
  });

  it('offer nothing that needs Docker while it is away', () => {
    assert.deepEqual(commands(down), always);
    assert.deepEqual(commands(), always);
  });
});
