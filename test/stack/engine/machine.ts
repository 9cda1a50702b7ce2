import { readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../../src/base';
import { runCommand } from '../../../src/tools';
import { bootId } from './identity';
import { emptyNewTables, undoDockerRules } from './firewall';

/** What our engine and its containers change outside their own folders, as it was before. */
export interface MachineState {
  readonly bootId: string;
  /** iptables-save and ip6tables-save. */
  readonly firewall: Readonly<Record<FirewallFamily, string>>;
  /** Kernel settings by their path below /proc/sys. */
  readonly settings: Readonly<Record<string, string>>;
  readonly links: readonly string[];
  /** Those of {@link FOLDERS} and of the control groups' own folders that existed. */
  readonly folders: readonly string[];
}

type FirewallFamily = 'iptables' | 'ip6tables';
const FAMILIES: readonly FirewallFamily[] = ['iptables', 'ip6tables'];

/** Set by dockerd, or by the kubelet and kube-proxy of a privileged node, for the whole machine. */
const SETTINGS = [
  'net/ipv4/ip_forward',
  'net/ipv6/conf/all/forwarding',
  'net/ipv6/conf/default/forwarding',
  'net/bridge/bridge-nf-call-iptables',
  'net/bridge/bridge-nf-call-ip6tables',
  'net/netfilter/nf_conntrack_max',
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
];

const FOLDERS = ['/run/docker', '/run/containerd', '/etc/docker', '/var/lib/docker', '/etc/cni'];
const CGROUPS = '/sys/fs/cgroup';
const CGROUP_FOLDERS = ['docker', 'kubepods', 'k3s', 'buildkit'];
/** Bridges, and the host's ends of containers' links, which stay behind where an engine was killed. */
const DOCKER_LINK = /^(docker0|br-[0-9a-f]{12}|veth[0-9a-f]{7})$/;

/**
 * Notes how the machine is, to be able to put it back. A note of the same boot stays: then our engine has been here
 * before and was not cleaned up after, and what is there now is not what was there first.
 */
export async function rememberMachine(file: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const noted = await readMachine(file);
  if (noted?.bootId === (await bootId())) return;
  const firewall = { iptables: '', ip6tables: '' };
  for (const family of FAMILIES) firewall[family] = await savedRules(family, env, signal);
  const state: MachineState = {
    bootId: await bootId(),
    firewall,
    settings: await readSettings(),
    links: await networkLinks(),
    folders: await existingFolders(),
  };
  await writeFile(file, JSON.stringify(state, null, 2));
}

/** The note, when there is one. */
export async function readMachine(file: string): Promise<MachineState | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as MachineState);
}

/**
 * Puts the machine back after our engine has ended, and forgets the note.
 *
 * @returns what could not be put back, one sentence each.
 */
export async function restoreMachine(
  file: string,
  owned: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string[]> {
  const before = await readMachine(file);
  const problems: string[] = [];
  const attempt = async (what: string, work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (error) {
      problems.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  // After a reboot only what is on disk is left of us.
  if (before?.bootId === (await bootId())) {
    await attempt('mounts', () => unmountBelow(owned, signal));
    await attempt('network links', () => removeLinks(before, signal));
    for (const family of FAMILIES) await attempt(family, () => restoreRules(family, before, env, signal));
    for (const [name, value] of Object.entries(before.settings)) {
      await attempt(`setting ${name}`, () => restoreSetting(name, value));
    }
    await attempt('folders', () => removeFolders(before));
  }
  if (problems.length === 0) await rm(file, { force: true });
  return problems;
}

async function savedRules(family: FirewallFamily, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<string> {
  const { stdout } = await runCommand({ program: `${family}-save`, args: [], env }, { signal });
  return stdout;
}

async function restoreRules(
  family: FirewallFamily,
  before: MachineState,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<void> {
  const undo = undoDockerRules(before.firewall[family], await savedRules(family, env, signal));
  if (undo !== undefined) {
    await runCommand({ program: `${family}-restore`, args: ['--noflush', '--wait'], env, stdin: undo }, { signal });
  }
  const left = emptyNewTables(before.firewall[family], await savedRules(family, env, signal));
  if (left.length > 0 && (await canDeleteTables(family, env, signal))) {
    for (const table of left) {
      const nftFamily = family === 'iptables' ? 'ip' : 'ip6';
      await runCommand({ program: 'nft', args: ['delete', 'table', nftFamily, table], env }, { signal });
    }
  }
}

/** Tables of the older backend go with their kernel module only; empty ones decide nothing and may stay. */
async function canDeleteTables(family: FirewallFamily, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<boolean> {
  const { stdout } = await runCommand({ program: family, args: ['--version'], env }, { signal });
  if (!stdout.includes('nf_tables')) return false;
  try {
    await runCommand({ program: 'nft', args: ['--version'], env }, { signal });
    return true;
  } catch (error) {
    if (error instanceof Failure && error.code === 'tool-missing') return false;
    throw error;
  }
}

async function unmountBelow(owned: readonly string[], signal: AbortSignal): Promise<void> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8'))
    .split('\n')
    .map((line) =>
      line.split(' ')[1]?.replace(/\\([0-7]{3})/g, (_match, code: string) => String.fromCharCode(parseInt(code, 8))),
    )
    .filter((point) => point !== undefined)
    .filter((point) => owned.some((folder) => point.startsWith(`${folder}/`)));
  for (const point of mounts.reverse()) {
    await runCommand({ program: 'umount', args: ['-l', point] }, { signal });
  }
}

async function removeLinks(before: MachineState, signal: AbortSignal): Promise<void> {
  for (const link of await networkLinks()) {
    if (!DOCKER_LINK.test(link) || before.links.includes(link)) continue;
    await runCommand({ program: 'ip', args: ['link', 'delete', link] }, { signal });
  }
}

/** Names of the links in this process's network namespace; /sys/class/net shows those of whoever mounted it. */
async function networkLinks(): Promise<string[]> {
  const lines = (await readFile('/proc/self/net/dev', 'utf8')).split('\n');
  return lines.flatMap((line) => /^\s*([^:|]+):/.exec(line)?.[1] ?? []);
}

async function readSettings(): Promise<Record<string, string>> {
  const settings: Record<string, string> = {};
  for (const name of SETTINGS) {
    // Not every kernel has every setting.
    const value = await readFile(join('/proc/sys', name), 'utf8').catch(() => undefined);
    if (value !== undefined) settings[name] = value.trim();
  }
  return settings;
}

async function restoreSetting(name: string, value: string): Promise<void> {
  const file = join('/proc/sys', name);
  if ((await readFile(file, 'utf8')).trim() !== value) await writeFile(file, value);
}

async function existingFolders(): Promise<string[]> {
  const existing: string[] = [];
  for (const folder of [...FOLDERS, ...(await cgroupFolders())]) {
    if (await stat(folder).catch(() => undefined)) existing.push(folder);
  }
  return existing;
}

/** Where an engine makes its control groups: below every hierarchy of version 1, or below the only one of version 2. */
async function cgroupFolders(): Promise<string[]> {
  const hierarchies = (await readdir(CGROUPS, { withFileTypes: true }).catch(() => []))
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(CGROUPS, entry.name));
  return [CGROUPS, ...hierarchies].flatMap((hierarchy) => CGROUP_FOLDERS.map((name) => join(hierarchy, name)));
}

async function removeFolders(before: MachineState): Promise<void> {
  const ours = (folder: string) => !before.folders.includes(folder);
  for (const folder of (await cgroupFolders()).filter(ours)) await removeCgroup(folder);
  // These hold sockets of programs that have ended; anything else in them is not ours to remove.
  for (const folder of FOLDERS.filter(ours)) await removeEmptyTree(folder);
}

/** Control groups are removed by rmdir alone, the innermost first; the files in them are the kernel's. */
async function removeCgroup(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (!entries) return;
  for (const entry of entries) if (entry.isDirectory()) await removeCgroup(join(folder, entry.name));
  await rmdir(folder);
}

async function removeEmptyTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (!entries) return;
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await removeEmptyTree(path);
    else if (entry.isSocket() || entry.isFIFO()) await rm(path);
  }
  if ((await readdir(folder)).length === 0) await rmdir(folder);
}
