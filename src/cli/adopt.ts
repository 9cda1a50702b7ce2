import { dirname } from 'node:path';
import type { Command } from 'commander';
import { adoptRepository } from '../core';
import type { Adoption, Outcome, SessionOptions } from '../run';
import type { Change } from '../scaffold';
import type { Style } from './style';

/** How `vapp adopt` is carried out and shown. */
export interface AdoptCommand {
  readonly signal: AbortSignal;
  /** Where and with what `vapp` runs. */
  readonly options: () => SessionOptions;
  /** Runs a job that needs no workspace. */
  readonly anywhere: <T>(job: () => Promise<Outcome<T>>, text: (value: T, style: Style) => string) => Promise<void>;
}

const HELP = `
Without --write it shows what would change, and changes nothing. Nothing of yours is ever overwritten:
  a file that you have, and that never was ours, is kept; devcontainer.json gets one more Feature;
  a workflow whose name is taken is added as vapp-…;
  run again after an upgrade of vapp, it updates what you have not touched, and merges what you have; where both
  changed the same lines, yours stays and ours is laid beside it (….vapp-new).
What was generated is remembered in .vapp-template.json, which belongs into the repository.`;

/** Adds `adopt`. */
export function addAdoptCommand(program: Command, { signal, options, anywhere }: AdoptCommand): void {
  program
    .command('adopt')
    .description('add devcontainer Feature, chart and workflows to an existing repository')
    .option('--write', 'do it, and do not only show it')
    .addHelpText('after', HELP)
    .action(({ write = false }: { write?: boolean }) =>
      anywhere(() => {
        const { directory, env, chartsDirectory } = options();
        return adoptRepository({ directory, templatesDirectory: dirname(chartsDirectory), env, write }, signal);
      }, adoptionText),
    );
}

const WORDS: Record<Change, string> = {
  add: 'new',
  update: 'changed',
  merge: 'changed, and yours with it',
  conflict: 'yours is kept; ours is beside it, as ….vapp-new',
  same: 'as it should be',
  kept: 'yours is kept',
  removed: 'you removed it',
};

/** The diff as git shows one, and what becomes of each file. */
export function adoptionText({ files, diff, written }: Adoption, style: Style): string {
  const width = Math.max(0, ...files.map(({ path }) => path.length));
  const lines = files.map(({ path, change }) => `${path.padEnd(width)}  ${WORDS[change]}`);
  const end = written
    ? 'Done. Look at the changes, and commit them together with .vapp-template.json.'
    : diff === ''
      ? 'There is nothing to do.'
      : 'Nothing has been changed. To do it: vapp adopt --write';
  return [...(written ? [] : diffLines(diff, style)), ...lines, '', style.strong(end)].join('\n');
}

function diffLines(diff: string, style: Style): string[] {
  return diff.split('\n').map((line) => {
    if (line.startsWith('+') && !line.startsWith('+++')) return style.good(line);
    if (line.startsWith('-') && !line.startsWith('---')) return style.bad(line);
    return line;
  });
}
