import assert from 'node:assert/strict';
import { doctorText } from '../../../src/editor/doctor-text';

describe('the doctor’s report', () => {
  it('is Markdown with a mark for each state, and what to do', () => {
    const report = {
      checks: [
        { title: 'docker', state: 'ok', message: 'engine 26.1.5', nextSteps: [] },
        { title: 'dns', state: 'warning', message: 'no address', nextSteps: ['Check the network.'] },
        { title: 'registry', state: 'error', message: 'gone', nextSteps: ['Start it: `vapp up`.', 'Wait.'] },
        { title: 'cluster', state: 'skipped', message: 'not running', nextSteps: [] },
      ],
    } as const;
    assert.equal(
      doctorText('Diagnose', report),
      [
        '# Diagnose',
        '✅ **docker** engine 26.1.5',
        '⚠️ **dns** no address\n   - Check the network.',
        '❌ **registry** gone\n   - Start it: `vapp up`.\n   - Wait.',
        '➖ **cluster** not running',
      ].join('\n\n'),
    );
  });

  it('makes no link of what a repository says', () => {
    const message = 'app.yaml:1:1 [click](command:evil) <img src=x>';
    const text = doctorText('Doctor', {
      checks: [{ title: 'repository', state: 'error', message, nextSteps: [message] }],
    });
    assert.doesNotMatch(text, /(?<!\\)\]\(|<img/);
  });
});
