import { chmod, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../../src/base';
import { runCommand } from '../../../src/tools';
import { debian, engineSources } from '../parts/docker';
import { acquirePart, type Source } from '../sources';
import type { CacheEntry, StackContext } from '../types';

const IPTABLES = ['iptables', 'iptables-save', 'iptables-restore', 'ip6tables', 'ip6tables-save', 'ip6tables-restore'];

/**
 * Debian 13's own runc and tini want a newer C library than Debian 12 has, so these come from the suite the machine
 * runs.
 */
export function runtimeSource(context: StackContext): Source {
  return debian(context, 'docker-runtime', ['runc', 'tini', 'libseccomp2'], 'own');
}

export function firewallSource(context: StackContext): Source {
  return debian(
    context,
    'iptables',
    [
      'iptables',
      'libip4tc2',
      'libip6tc2',
      'libmnl0',
      'libnetfilter-conntrack3',
      'libnfnetlink0',
      'libnftnl11',
      'libxtables12',
      // nft, to take empty tables away again, and its libraries.
      'nftables',
      'libnftables1',
      'libbsd0',
      'libedit2',
      'libgmp10',
      'libjansson4',
      'libmd0',
    ],
    'own',
  );
}

/**
 * Fetches what our own engine consists of and fills `folder` with its programs, so that the folder in front of PATH
 * is all the engine needs.
 *
 * @returns where the engine comes from, for people.
 */
export async function prepareEnginePrograms(
  context: StackContext,
  folder: string,
  report: (detail: string) => void,
): Promise<string> {
  const sources = engineSources(context);
  const engine = await acquirePart(context, 'Docker Engine', sources, report);
  const folders = sources.flatMap((source) => source.folders).map((name) => join(engine.folder, name));
  const programs = new Map<string, string>();
  for (const directory of folders) {
    for (const name of await readdir(directory).catch(() => [])) programs.set(name, join(directory, name));
  }
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  if (!programs.has('runc')) {
    const runtime = await acquirePart(context, 'runc and tini', [runtimeSource(context)], report);
    programs.set('docker-init', join(runtime.folder, 'usr/bin/tini-static'));
    programs.delete('runc');
    await writeWrapper(join(folder, 'runc'), runtime, 'usr/sbin/runc', []);
  }
  for (const [name, target] of programs) {
    // The CLI has a place of its own.
    if (name !== 'docker') await symlink(target, join(folder, name));
  }
  await provideIptables(context, folder, report);
  return engine.source;
}

async function provideIptables(context: StackContext, folder: string, report: (detail: string) => void): Promise<void> {
  if (await works('iptables', context.signal)) return;
  const entry = await acquirePart(context, 'iptables', [firewallSource(context)], report);
  await writeWrapper(join(folder, 'nft'), entry, 'usr/sbin/nft', []);
  for (const backend of ['xtables-nft-multi', 'xtables-legacy-multi']) {
    for (const name of IPTABLES) {
      await rm(join(folder, name), { force: true });
      await writeWrapper(join(folder, name), entry, `usr/sbin/${backend}`, [name]);
    }
    if (await works(join(folder, 'iptables'), context.signal)) return;
  }
  throw new Failure({
    code: 'iptables-unusable',
    fault: 'environment',
    summary: 'The kernel of this machine takes rules from neither iptables-nft nor iptables-legacy.',
    nextSteps: ['Install and start Docker Engine yourself; setup uses one that works.'],
  });
}

async function works(program: string, signal: AbortSignal): Promise<boolean> {
  try {
    await runCommand({ program, args: ['--wait', '-t', 'nat', '-S'] }, { signal });
    return true;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

/** Debian's programs find their libraries and plug-ins at absolute paths; a wrapper tells them where they are instead. */
async function writeWrapper(file: string, entry: CacheEntry, program: string, args: readonly string[]): Promise<void> {
  const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  const [triplet = ''] = await readdir(join(entry.folder, 'usr/lib')).then((names) =>
    names.filter((name) => name.endsWith('-linux-gnu')),
  );
  const library = join(entry.folder, 'usr/lib', triplet);
  const lines = [
    '#!/bin/sh',
    `LD_LIBRARY_PATH=${quote(library)} XTABLES_LIBDIR=${quote(join(library, 'xtables'))} \\`,
    `  exec ${[join(entry.folder, program), ...args].map(quote).join(' ')} "$@"`,
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  await chmod(file, 0o755);
}
