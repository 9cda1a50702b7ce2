import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** The folder of the images' sources. */
export const SOURCES = __dirname;

/** What lies beside sources and goes into no image. */
const IGNORED = [/^README\.md$/, /^tests$/, /^__pycache__$/, /_test\.go$/];

/** A hash of the names and contents of all files of a folder that go into its image, in hexadecimal. */
export async function hashSources(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of (await sourceFiles(folder)).sort()) {
    const content = await readFile(file);
    hash.update(`${relative(folder, file)}\0${content.byteLength}\0`).update(content);
  }
  return hash.digest('hex');
}

async function sourceFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (IGNORED.some((pattern) => pattern.test(entry.name))) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await sourceFiles(path)));
    else found.push(path);
  }
  return found;
}

/** Certificate authorities that this machine trusts beyond Debian's own, as files of update-ca-certificates(8). */
export interface ExtraAuthority {
  readonly name: string;
  readonly content: string;
}

const EXTRA_AUTHORITIES = '/usr/local/share/ca-certificates';

/** Those of this machine; images are given them, so that what runs in them reaches what this machine reaches. */
export async function extraAuthorities(folder: string = EXTRA_AUTHORITIES): Promise<ExtraAuthority[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  return Promise.all(
    names
      .filter((name) => name.endsWith('.crt'))
      .sort()
      .map(async (name) => ({ name, content: await readFile(join(folder, name), 'utf8') })),
  );
}
