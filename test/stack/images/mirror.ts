import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../../src/base';
import { sourcesForSuite } from '../debian';

/** Where this machine gets a Debian suite from. */
export interface DebianMirror {
  /** The archive, for debootstrap. */
  readonly url: string;
  /** The content of a deb822 file for apt, security updates included. */
  readonly sources: string;
}

/**
 * This machine's mirror, asked for a suite of its choice.
 *
 * @throws Failure `not-debian`.
 */
export async function debianMirror(suite: string): Promise<DebianMirror> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const codename = /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(release)?.[1];
  const sources = codename === undefined ? undefined : sourcesForSuite(await aptSourceFiles(), codename, suite);
  const url = sources === undefined ? undefined : archiveUrl(sources, suite);
  if (sources === undefined || url === undefined) {
    throw new Failure({
      code: 'not-debian',
      fault: 'environment',
      summary: 'This machine has no Debian package source to build the stand-in images from.',
      nextSteps: ['Run setup where the official images can be reached.'],
    });
  }
  return { url, sources };
}

/** The first source that serves the suite itself and not only what updates it. */
export function archiveUrl(sources: string, suite: string): string | undefined {
  for (const stanza of sources.split(/\n\s*\n/)) {
    const suites = /^Suites:(.*)$/m.exec(stanza)?.[1]?.trim().split(/\s+/) ?? [];
    const url = /^URIs:\s*(\S+)/m.exec(stanza)?.[1];
    if (suites.includes(suite) && url !== undefined) return url.replace(/\/$/, '');
  }
  return undefined;
}

async function aptSourceFiles(): Promise<{ name: string; text: string }[]> {
  const parts = await readdir('/etc/apt/sources.list.d').catch(() => []);
  const names = ['/etc/apt/sources.list', ...parts.map((name) => join('/etc/apt/sources.list.d', name))];
  const files = await Promise.all(
    names
      .filter((name) => /\.(list|sources)$/.test(name))
      .map(async (name) => ({ name, text: await readFile(name, 'utf8').catch(() => '') })),
  );
  return files.filter(({ text }) => text !== '');
}
