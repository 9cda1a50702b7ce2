import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The editor's folders for the files of output channels, beside those of its extensions. */
const FOLDER = /^output_logging_/;
/** What the editor leaves out of a channel's name when it names its file. */
const UNFIT = /[\\/:*?"<>|]/g;

/**
 * Removes the files of channels of this name, but the newest, which is in use: the editor keeps each until it is closed,
 * which may take weeks, and each is megabytes long. Where the editor keeps them elsewhere, nothing is done.
 * @param logDirectory where the editor lets an extension keep its logs.
 */
export async function removeOldPages(logDirectory: string, name: string): Promise<void> {
  const root = dirname(logDirectory);
  const ending = `-${name.replaceAll(UNFIT, '')}.log`;
  for (const folder of (await entriesOf(root)).filter((entry) => FOLDER.test(entry))) {
    const pages = (await entriesOf(join(root, folder))).filter(
      (file) => /^\d+$/.test(file.slice(0, -ending.length)) && file.endsWith(ending),
    );
    pages.sort((one, other) => parseInt(other, 10) - parseInt(one, 10));
    // One that is still open where an open file cannot be removed goes with the next.
    await Promise.allSettled(pages.slice(1).map((file) => rm(join(root, folder, file))));
  }
}

async function entriesOf(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
