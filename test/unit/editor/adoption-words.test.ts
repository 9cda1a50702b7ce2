import assert from 'node:assert/strict';
import { adoptedWords, adoptionText, planWords } from '../../../src/editor/adoption-words';
import type { AdoptedFile } from '../../../src/run';
import { l10n } from './tree-fakes';

const CI = '.github/workflows/ci.yml';

const FILES: readonly AdoptedFile[] = [
  { path: 'vapp.yaml', change: 'kept' },
  { path: CI, change: 'conflict', writtenTo: `${CI}.vapp-new` },
  { path: 'deploy/app/helm/Chart.yaml', change: 'add', writtenTo: 'deploy/app/helm/Chart.yaml' },
  { path: 'deploy/app/helm/values.yaml', change: 'add', writtenTo: 'deploy/app/helm/values.yaml' },
];

describe('the words of adopting', () => {
  it('count what becomes of the files, what is written first', () => {
    assert.equal(
      planWords(FILES, l10n),
      '2 × new, 1 × yours is kept; ours is beside it, as ….vapp-new, 1 × yours is kept',
    );
    assert.equal(planWords([{ path: CI, change: 'same' }], l10n), '1 × as it should be');
  });

  it('name afterwards what the user has to join, where there is anything', () => {
    assert.match(adoptedWords('speed-app', FILES, l10n), /speed-app: 2 × new, .*ci\.yml\.vapp-new\.$/);
    assert.doesNotMatch(adoptedWords('speed-app', FILES.slice(2), l10n), /Join/);
  });

  it('stand above the diff, where whatever reads diffs passes over them', () => {
    const diff = '--- /dev/null\n+++ b/deploy/app/helm/Chart.yaml\n';
    const text = adoptionText({ root: '/repo', files: FILES, diff, written: false }, l10n);
    assert.ok(text.endsWith(`\n\n${diff}`));
    const head = text.slice(0, -diff.length);
    assert.match(head, /^vapp\.yaml {20}yours is kept$/m);
    assert.doesNotMatch(head, /^[-+ @]/m);
  });
});
