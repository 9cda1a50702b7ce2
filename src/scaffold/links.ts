import { lstat, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, startOfFile } from '../base';
import { leadsOut } from '../project';

/**
 * Sees to it that files can be read and written below a folder without touching anything outside of it: that none of
 * them is a symbolic link out of it or to nothing, nor stands behind one.
 *
 * @param paths below the folder, with slashes; those that are not there yet, too.
 * @throws Failure `link-outside-repository`.
 */
export async function refuseLinksOut(folder: string, paths: readonly string[]): Promise<void> {
  const boundary = await realpath(folder);
  for (const path of paths) {
    const parts = path.split('/');
    for (const [index] of parts.entries()) {
      const place = join(folder, ...parts.slice(0, index + 1));
      const kind = await lstat(place).catch(() => undefined);
      if (kind === undefined) break;
      if (kind.isSymbolicLink() && ((await isDangling(place)) || (await leadsOut(boundary, place))))
        throw refused(place);
    }
  }
}

async function isDangling(link: string): Promise<boolean> {
  return realpath(link).then(
    () => false,
    () => true,
  );
}

function refused(link: string): Failure {
  return new Failure({
    code: 'link-outside-repository',
    fault: 'usage',
    summary: `${link} is a symbolic link that leads out of the repository, or to nothing.`,
    range: startOfFile(link),
    nextSteps: ['Remove the link, or put a copy in its place: only what is in the repository is read and written.'],
  });
}
