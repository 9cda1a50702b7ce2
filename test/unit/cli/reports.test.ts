import assert from 'node:assert/strict';
import { contextStatusText, doctorText } from '../../../src/cli/reports';
import { Style } from '../../../src/cli/style';

describe('vapp: the status of another cluster', () => {
  it('tells where the apps run', () => {
    const status = {
      ...{ root: '/r', context: 'team', namespace: 'ada', registry: 'registry.test/apps', problems: [] },
      apps: [{ id: 'seat', name: 'Seat' }],
    };
    assert.equal(
      contextStatusText(status, new Style(false)),
      ['context team', '  namespace  ada', '  registry   registry.test/apps', 'Seat (seat)  not deployed'].join('\n'),
    );
  });
});

describe('vapp: the doctor’s report', () => {
  it('has a line for each check with a mark for its state, and what to do below it', () => {
    const checks = [
      { title: 'docker', state: 'ok', message: 'engine 26.1.5', nextSteps: [] },
      { title: 'node image', state: 'warning', message: 'a stand-in', nextSteps: [] },
      { title: 'cluster dns', state: 'skipped', message: 'not running', nextSteps: [] },
      { title: 'registry', state: 'error', message: 'gone \u001b]0;title\u0007', nextSteps: ['Start it: `vapp up`.'] },
    ] as const;
    assert.equal(
      doctorText({ checks }, new Style(false)),
      [
        '✓ docker       engine 26.1.5',
        '! node image   a stand-in',
        '– cluster dns  not running',
        '✗ registry     gone ',
        '    → Start it: `vapp up`.',
      ].join('\n'),
    );
  });
});
