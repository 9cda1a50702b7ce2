import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { dirname, join } from 'node:path';
import { Failure } from '../../src/base';
import { runCommand } from '../../src/tools';
import { unpackDebianPackages } from './debian';
import { bootId } from './engine/identity';
import type { Layout } from './layout';
import { thisPlatform, type Processor } from './platform';
import { acquirePart, type Source } from './sources';
import type { StackContext } from './types';

/** How the kernel tells the programs of a processor, as binfmt_misc(5) has it: an ELF header, and its bits that count. */
export interface ProgramFormat {
  /** QEMU's name of the processor. */
  readonly qemu: string;
  /** Docker's name of the platform. */
  readonly platform: string;
  /** The machines that do not run it by themselves. */
  readonly foreignTo: Processor;
  /** The first twenty bytes of a program, in hexadecimal. */
  readonly magic: string;
  readonly mask: string;
}

const FORMATS: readonly ProgramFormat[] = [
  {
    qemu: 'x86_64',
    platform: 'linux/amd64',
    foreignTo: 'arm64',
    magic: '7f454c4602010100000000000000000002003e00',
    mask: 'fffffffffffefe00fffffffffffffffffeffffff',
  },
  {
    qemu: 'aarch64',
    platform: 'linux/arm64',
    foreignTo: 'amd64',
    magic: '7f454c460201010000000000000000000200b700',
    mask: 'ffffffffffffff00fffffffffffffffffeffffff',
  },
  {
    qemu: 'arm',
    platform: 'linux/arm/v7',
    foreignTo: 'amd64',
    magic: '7f454c4601010100000000000000000002002800',
    mask: 'ffffffffffffff00fffffffffffffffffeffffff',
  },
];

const BINFMT = '/proc/sys/fs/binfmt_misc';
/** Begins the names of our registrations: by it they are known as ours. */
const PREFIX = 'vapp-qemu-';

/**
 * The line that registers an interpreter. Its file is opened at once (F), so that it is there in containers, whose own
 * files it is not among; a program's own owner decides what it may do (OC), as without emulation.
 */
export function registration({ qemu, magic, mask }: ProgramFormat, interpreter: string): string {
  const bytes = (hexadecimal: string) => hexadecimal.replace(/../g, '\\x$&');
  return `:${PREFIX}${qemu}:M::${bytes(magic)}:${bytes(mask)}:${interpreter}:OCF`;
}

/** Whether an entry of binfmt_misc emulates a processor in containers as well: it is enabled, and its file was opened. */
export function emulates(entry: string, { magic }: ProgramFormat): boolean {
  const lines = entry.split('\n');
  const flags = lines.find((line) => line.startsWith('flags:')) ?? '';
  return lines[0] === 'enabled' && flags.includes('F') && lines.includes(`magic ${magic}`);
}

/**
 * Makes programs for foreign processors run on this machine and in its containers, by QEMU. What runs already is left
 * alone; what is registered here lasts until {@link removeEmulation}, or until the machine is restarted.
 *
 * @throws Failure `root-needed`, `part-unavailable`.
 */
export async function ensureEmulation(context: StackContext, layout: Layout): Promise<void> {
  await context.progress.part('emulation', async (report) => {
    const missing = await missingFormats(context);
    if (missing.length > 0) {
      if (process.getuid?.() !== 0) throw rootNeeded();
      const { folder } = await acquirePart(context, 'QEMU', [qemuSource(context)], report);
      await mountFormats(context, layout);
      const registered = await formatNames();
      for (const format of missing) {
        const name = `${PREFIX}${format.qemu}`;
        if (registered.includes(name)) await writeFile(join(BINFMT, name), UNREGISTER);
        await writeFile(join(BINFMT, 'register'), registration(format, join(folder, interpreterOf(format))));
      }
    }
    report(
      foreignFormats()
        .map(({ platform }) => platform)
        .join(', '),
    );
  });
}

/** Takes away what {@link ensureEmulation} registered. */
export async function removeEmulation(layout: Layout, signal: AbortSignal): Promise<void> {
  for (const name of await formatNames()) {
    if (name.startsWith(PREFIX)) await writeFile(join(BINFMT, name), UNREGISTER);
  }
  const note = mountNote(layout);
  const mountedAt = await readFile(note, 'utf8').catch(() => undefined);
  // After a restart of the machine the mount is not ours any more.
  if (mountedAt === (await bootId())) await runCommand({ program: 'umount', args: [BINFMT] }, { signal });
  await rm(note, { force: true });
}

const UNREGISTER = '-1';

/** An engine in another machine, such as Docker Desktop's, brings an emulation of its own. */
async function missingFormats({ toolbox, signal }: StackContext): Promise<readonly ProgramFormat[]> {
  // Not what buildx says: it remembers what ran when it looked first.
  const { stdout } = await toolbox.run('docker', ['info', '--format', '{{.KernelVersion}}'], { signal });
  if (stdout.trim() !== release()) return [];
  const entries = await formatEntries();
  return foreignFormats().filter((format) => !entries.some((entry) => emulates(entry, format)));
}

function foreignFormats(): readonly ProgramFormat[] {
  return FORMATS.filter(({ foreignTo }) => foreignTo === thisPlatform().go);
}

async function formatEntries(): Promise<string[]> {
  const names = (await formatNames()).filter((name) => name !== 'register' && name !== 'status');
  return Promise.all(names.map((name) => readFile(join(BINFMT, name), 'utf8')));
}

/** Empty while it is not mounted, and where the kernel has no such thing. */
async function formatNames(): Promise<string[]> {
  return readdir(BINFMT).catch(() => []);
}

async function mountFormats({ signal }: StackContext, layout: Layout): Promise<void> {
  if ((await formatNames()).includes('register')) return;
  const note = mountNote(layout);
  await mkdir(dirname(note), { recursive: true });
  await writeFile(note, await bootId());
  await runCommand({ program: 'mount', args: ['-t', 'binfmt_misc', 'binfmt_misc', BINFMT] }, { signal });
}

/** Says in which boot we mounted the kernel's list of formats. */
function mountNote(layout: Layout): string {
  return join(layout.engine, 'binfmt-mounted');
}

function qemuSource(context: StackContext): Source {
  const packages = { suite: 'own', names: ['qemu-user-static'] };
  return {
    label: 'Debian package qemu-user-static',
    recipe: { name: 'qemu', inputs: { ...packages, programs: foreignFormats().map(interpreterOf) } },
    make: (folder, report) =>
      context.cache.withTemporaryFolder(async (work) => {
        await unpackDebianPackages(context, packages, work, report);
        // The package has forty of them.
        for (const format of foreignFormats()) {
          const name = interpreterOf(format);
          await rename(join(work, 'usr/bin', name), join(folder, name));
        }
      }),
  };
}

function interpreterOf({ qemu }: ProgramFormat): string {
  return `qemu-${qemu}-static`;
}

function rootNeeded(): Failure {
  return new Failure({
    code: 'root-needed',
    fault: 'environment',
    summary: 'Programs for other processors do not run on this machine, and only root can change that.',
    nextSteps: [
      'Run `docker run --privileged --rm tonistiigi/binfmt --install arm64,arm`, or run this command as root.',
    ],
  });
}
