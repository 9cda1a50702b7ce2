import { mkdir, mkdtemp, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../src/base';
import { runCommand } from '../../src/tools';
import { temporaryPath } from './cache';
import type { StackContext } from './types';

/** A file below /etc/apt that names package sources. */
export interface AptSourceFile {
  readonly name: string;
  readonly text: string;
}

/**
 * The machine's own Debian sources, asked for another suite: mirror, keys and components stay. Both formats of
 * sources.list(5) are understood; what does not serve `codename` (third-party sources) is left out.
 *
 * @returns the text of a deb822 file, or undefined when no source serves `codename`.
 */
export function sourcesForSuite(files: readonly AptSourceFile[], codename: string, suite: string): string | undefined {
  const stanzas = files.flatMap((file) =>
    file.name.endsWith('.sources') ? deb822Stanzas(file.text) : oneLineStanzas(file.text),
  );
  const serving = stanzas
    .filter((stanza) => !/^no$/i.test(stanza.get('Enabled') ?? '') && words(stanza.get('Types')).includes('deb'))
    .map((stanza) => ({
      stanza,
      suites: words(stanza.get('Suites')).filter((name) => name === codename || name.startsWith(`${codename}-`)),
    }))
    .filter(({ suites }) => suites.length > 0);
  if (serving.length === 0) return undefined;
  return serving
    .map(({ stanza, suites }) =>
      [
        ...stanza,
        ['Types', 'deb'] as const,
        ['Suites', suites.map((name) => suite + name.slice(codename.length)).join(' ')] as const,
      ].reduce((fields, [key, value]) => fields.set(key, value), new Map<string, string>()),
    )
    .map((fields) => [...fields].map(([key, value]) => `${key}: ${value}\n`).join(''))
    .join('\n');
}

type Stanza = ReadonlyMap<string, string>;

function deb822Stanzas(text: string): Stanza[] {
  return text
    .split(/\r?\n(?:[ \t]*\r?\n)+/)
    .map((paragraph) => {
      const fields = new Map<string, string>();
      let last: string | undefined;
      for (const line of paragraph.split(/\r?\n/)) {
        if (line.startsWith('#')) continue;
        const field = /^([\w-]+):[ \t]*(.*)$/.exec(line);
        if (field?.[1] !== undefined) {
          last = field[1];
          fields.set(last, field[2] ?? '');
        } else if (last !== undefined && /^[ \t]/.test(line)) {
          fields.set(last, `${fields.get(last) ?? ''}\n${line}`);
        }
      }
      return fields;
    })
    .filter((fields) => fields.size > 0);
}

/** `deb [key=value …] uri suite component…`. */
function oneLineStanzas(text: string): Stanza[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (!match) return [];
    const [, options = '', uri = '', suite = '', components = ''] = match;
    const fields = new Map([
      ['Types', 'deb'],
      ['URIs', uri],
      ['Suites', suite],
      ['Components', components.trim()],
    ]);
    for (const option of words(options)) {
      const [key = '', value = ''] = option.split('=', 2);
      const name = ONE_LINE_OPTIONS[key.toLowerCase()];
      if (name !== undefined) fields.set(name, value.replaceAll(',', ' '));
    }
    return [fields];
  });
}

const ONE_LINE_OPTIONS: Readonly<Record<string, string>> = {
  arch: 'Architectures',
  'signed-by': 'Signed-By',
  trusted: 'Trusted',
  'check-valid-until': 'Check-Valid-Until',
};

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter(Boolean);
}

/** Debian packages of one suite, unpacked into a folder: nothing is installed, the system's apt state stays untouched. */
export interface DebianPackages {
  /** Codename of the suite, or `own` for the one the machine runs. */
  readonly suite: string;
  readonly names: readonly string[];
}

/**
 * Downloads packages (apt verifies their signatures) and unpacks them into `root`. Needs no root rights.
 *
 * @throws Failure `not-debian`, `tool-failed`.
 */
export async function unpackDebianPackages(
  context: StackContext,
  { suite, names }: DebianPackages,
  root: string,
  report: (detail: string) => void,
): Promise<void> {
  const { signal } = context;
  await context.cache.withTemporaryFolder(async (work) => {
    report('reading the package lists');
    const options = [...(await packageLists(context, suite)), ...aptOptions({ 'Dir::Cache': join(work, 'cache') })];
    const packages = join(work, 'packages');
    await mkdir(packages);
    await mkdir(join(work, 'cache', 'archives', 'partial'), { recursive: true });
    report(`downloading ${names.length} packages`);
    await runCommand({ program: 'apt-get', args: [...options, '-q', 'download', ...names], cwd: packages }, { signal });
    for (const archive of (await readdir(packages)).sort()) {
      report(`unpacking ${archive.split('_', 1).join('')}`);
      await runCommand({ program: 'dpkg-deb', args: ['-x', join(packages, archive), root] }, { signal });
    }
  });
}

/**
 * Downloads packages of the machine's own suite with all that they need and the machine lacks, and unpacks them into
 * `root`. Libraries are then below `root`, and found by whoever is told where.
 *
 * @throws Failure `not-debian`, `tool-failed`.
 */
export async function unpackWithDependencies(
  context: StackContext,
  names: readonly string[],
  root: string,
  report: (detail: string) => void,
): Promise<void> {
  const { signal } = context;
  await context.cache.withTemporaryFolder(async (work) => {
    report('reading the package lists');
    const cache = join(work, 'cache');
    const archives = join(cache, 'archives');
    await mkdir(join(archives, 'partial'), { recursive: true });
    // Nothing is installed, so apt's own lock is not ours to wait for.
    const options = [
      ...(await packageLists(context, 'own')),
      ...aptOptions({ 'Dir::Cache': cache, 'Debug::NoLocking': 'true' }),
    ];
    report(`downloading ${names.join(', ')} and what they need`);
    const args = [...options, '-q', '-y', '--no-install-recommends', '--download-only', 'install', ...names];
    await runCommand({ program: 'apt-get', args }, { signal });
    report('unpacking');
    for (const archive of (await readdir(archives)).filter((name) => name.endsWith('.deb')).sort()) {
      await runCommand({ program: 'dpkg-deb', args: ['-x', join(archives, archive), root] }, { signal });
    }
  });
}

const lists = new Map<string, Promise<string[]>>();

/** apt's options for a suite whose package lists have been read: once in this process, however many parts ask. */
function packageLists(context: StackContext, suite: string): Promise<string[]> {
  const key = `${context.cache.root}\0${suite}`;
  const known = lists.get(key);
  if (known) return known;
  const reading = readPackageLists(context, suite);
  lists.set(key, reading);
  reading.catch(() => lists.delete(key));
  return reading;
}

async function readPackageLists({ cache, signal }: StackContext, suite: string): Promise<string[]> {
  const folder = await mkdtemp(await temporaryPath(cache.root, 'apt'));
  const sources = join(folder, 'stack.sources');
  await mkdir(join(folder, 'lists', 'partial'), { recursive: true });
  await mkdir(join(folder, 'cache', 'archives', 'partial'), { recursive: true });
  await writeFile(sources, await machineSources(suite));
  const options = aptOptions({
    'Dir::Etc::sourcelist': sources,
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': join(folder, 'lists'),
    // apt's download user cannot write into a home directory.
    'APT::Sandbox::User': 'root',
    // Other lists than those of packages are configured by desktop packages, and of no use here.
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled': 'false',
    'Acquire::IndexTargets::deb::Translations::DefaultEnabled': 'false',
    'Acquire::Languages': 'none',
  });
  const cacheOption = aptOptions({ 'Dir::Cache': join(folder, 'cache') });
  await runCommand({ program: 'apt-get', args: [...options, ...cacheOption, '-q', 'update'] }, { signal });
  return options;
}

function aptOptions(options: Readonly<Record<string, string>>): string[] {
  return Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
}

async function machineSources(suite: string): Promise<string> {
  const codename = /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1];
  const text =
    codename === undefined
      ? undefined
      : sourcesForSuite(await aptSourceFiles(), codename, suite === 'own' ? codename : suite);
  if (text === undefined) {
    throw new Failure({
      code: 'not-debian',
      fault: 'environment',
      summary: 'This machine has no Debian package source, which is needed where the publishers cannot be reached.',
      nextSteps: ['Install Docker Engine, or run setup where download.docker.com and github.com can be reached.'],
    });
  }
  return text;
}

async function aptSourceFiles(): Promise<AptSourceFile[]> {
  const parts = await readdir('/etc/apt/sources.list.d').catch(() => []);
  const files = ['/etc/apt/sources.list', ...parts.map((name) => join('/etc/apt/sources.list.d', name))];
  const read = await Promise.all(
    files
      .filter((name) => /\.(list|sources)$/.test(name))
      .map(async (name) => ({ name, text: await readFile(name, 'utf8').catch(() => '') })),
  );
  return read.filter((file) => file.text !== '');
}
