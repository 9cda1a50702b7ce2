import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../../src/base';
import { unpackDebianPackages } from '../debian';
import { thisPlatform, type Processor } from '../platform';
import type { Recipe, StackContext } from '../types';
import { runLogged } from './logged';
import { extraAuthorities, type ExtraAuthority } from './sources';
import { debianMirror } from './mirror';

const PACKAGES = ['ca-certificates'];
const CA_BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

/** Variables by which Python's pip and requests, OpenSSL and Node find the bundle instead of their own. */
const CA_VARIABLES = ['SSL_CERT_FILE', 'PIP_CERT', 'REQUESTS_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS'];

/** As in the official slim image: no documentation; and no waiting for the disk, since a failed build is thrown away. */
const DPKG_CONFIGURATION = `force-unsafe-io
${['doc', 'info', 'locale', 'man'].map((name) => `path-exclude /usr/share/${name}/*\n`).join('')}path-include /usr/share/doc/*/copyright
`;

const APT_CONFIGURATION = `Acquire::Languages "none";
Acquire::GzipIndexes "true";
APT::AutoRemove::SuggestsImportant "false";
APT::Keep-Downloaded-Packages "false";
`;

/** @param suite codename of the Debian release. */
export async function rootFileSystemRecipe(suite: string, processor: Processor = thisPlatform().go): Promise<Recipe> {
  const [mirror, authorities] = await Promise.all([debianMirror(suite), extraAuthorities()]);
  return {
    name: `debian-${suite}`,
    inputs: {
      packages: PACKAGES,
      sources: mirror.sources,
      authorities,
      configuration: [DPKG_CONFIGURATION, APT_CONFIGURATION],
      platform: processor,
    },
  };
}

/** The environment variables of the base image. */
export async function rootFileSystemVariables(): Promise<Record<string, string>> {
  const authorities = await extraAuthorities();
  return authorities.length === 0 ? {} : Object.fromEntries(CA_VARIABLES.map((name) => [name, CA_BUNDLE]));
}

/**
 * The archive of a small Debian, made by debootstrap unless the cache has it. A foreign processor's programs run while it
 * is made, so they must be emulated already.
 *
 * @throws Failure `not-root`, `not-debian`, `tool-failed`.
 */
export async function ensureRootFileSystem(
  context: StackContext,
  suite: string,
  report: (detail: string) => void,
  processor: Processor = thisPlatform().go,
): Promise<string> {
  const entry = await context.cache.ensure(await rootFileSystemRecipe(suite, processor), async (folder) => {
    if (process.getuid?.() !== 0) {
      throw new Failure({
        code: 'not-root',
        fault: 'environment',
        summary: 'Making the base image of the stand-ins needs root, for chroot and device files.',
        nextSteps: ['Run `npm run setup` as root, or where the official images can be reached.'],
      });
    }
    await context.cache.withTemporaryFolder((work) =>
      makeArchive(context, { suite, processor }, work, join(folder, ARCHIVE), report),
    );
    return 'debootstrap';
  });
  return join(entry.folder, ARCHIVE);
}

const ARCHIVE = 'root.tar';

async function makeArchive(
  context: StackContext,
  { suite, processor }: { readonly suite: string; readonly processor: Processor },
  work: string,
  archive: string,
  report: (detail: string) => void,
): Promise<void> {
  const root = join(work, 'root');
  const bootstrap = join(work, 'debootstrap');
  const [mirror, authorities] = await Promise.all([debianMirror(suite), extraAuthorities()]);
  await unpackDebianPackages(context, { suite: 'own', names: ['debootstrap'] }, bootstrap, report);

  await write(root, 'etc/dpkg/dpkg.cfg.d/stand-in', DPKG_CONFIGURATION);
  await write(root, 'etc/apt/apt.conf.d/stand-in', APT_CONFIGURATION);
  report('debootstrap');
  const run = (program: string, args: readonly string[], env: Record<string, string> = {}) =>
    runLogged(context, 'debian', { program, args, env: { ...context.env, ...env } });
  await run(
    join(bootstrap, 'usr/sbin/debootstrap'),
    ['--variant=minbase', `--arch=${processor}`, `--include=${PACKAGES.join(',')}`, suite, root, mirror.url],
    { DEBOOTSTRAP_DIR: join(bootstrap, 'usr/share/debootstrap') },
  );
  await trust(root, authorities);
  await run('chroot', [root, 'update-ca-certificates']);
  await write(root, 'etc/apt/sources.list.d/debian.sources', mirror.sources);
  await tidy(root);
  report('packing');
  const left = ['proc', 'sys', 'dev'].map((name) => `--exclude=./${name}/*`);
  await run('tar', ['-C', root, '--numeric-owner', ...left, '-cf', archive, '.']);
}

async function write(root: string, path: string, content: string): Promise<void> {
  const file = join(root, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, content);
}

async function trust(root: string, authorities: readonly ExtraAuthority[]): Promise<void> {
  for (const { name, content } of authorities)
    await write(root, join('usr/local/share/ca-certificates', name), content);
}

async function tidy(root: string): Promise<void> {
  const emptied = ['var/cache/apt', 'var/lib/apt/lists', 'var/log'];
  for (const folder of emptied) {
    for (const name of await readdir(join(root, folder))) {
      await rm(join(root, folder, name), { recursive: true });
    }
  }
  for (const file of ['etc/apt/sources.list', 'etc/resolv.conf', 'etc/hostname']) {
    await rm(join(root, file), { force: true });
  }
}
