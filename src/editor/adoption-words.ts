import type { AdoptedFile, Adoption } from '../run';
import type { Change } from '../scaffold';
import type { L10n } from './tree/node';

/** In this order they are counted: what is written comes first. */
const WORDS: Record<Change, (l10n: L10n) => string> = {
  add: (l10n) => l10n.t('new'),
  update: (l10n) => l10n.t('changed'),
  merge: (l10n) => l10n.t('changed, and yours with it'),
  conflict: (l10n) => l10n.t('yours is kept; ours is beside it, as ….vapp-new'),
  same: (l10n) => l10n.t('as it should be'),
  kept: (l10n) => l10n.t('yours is kept'),
  removed: (l10n) => l10n.t('you removed it'),
};

/** What becomes of how many files, e.g. `12 × new, 1 × yours is kept`. */
export function planWords(files: readonly AdoptedFile[], l10n: L10n): string {
  return Object.entries(WORDS)
    .map(([change, word]) => ({ count: files.filter((file) => file.change === change).length, word }))
    .filter(({ count }) => count > 0)
    .map(({ count, word }) => `${count} × ${word(l10n)}`)
    .join(', ');
}

/** What was done in a folder, and what is left to the user. */
export function adoptedWords(folder: string, files: readonly AdoptedFile[], l10n: L10n): string {
  const done = l10n.t(
    'What became of the files in {0}: {1}. Look at the changes, and commit them together with .vapp-template.json.',
    folder,
    planWords(files, l10n),
  );
  const beside = files.flatMap(({ change, writtenTo }) => (change === 'conflict' ? (writtenTo ?? []) : []));
  return beside.length === 0 ? done : `${done} ${l10n.t('Join with yours, then delete: {0}.', beside.join(', '))}`;
}

/** The diff, and before it what becomes of each file; whatever reads diffs passes over such lines. */
export function adoptionText({ files, diff }: Adoption, l10n: L10n): string {
  const width = Math.max(0, ...files.map(({ path }) => path.length));
  const lines = files.map(({ path, change }) => `${path.padEnd(width)}  ${WORDS[change](l10n)}`);
  return [...lines, '', diff].join('\n');
}
