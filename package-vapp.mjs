// Packs `vapp` for machines without the editor: `dist/vapp-<version>.tar.gz`, and beside it `checksums.txt`, as a release
// offers them and the devcontainer Feature fetches them. Equal sources give equal bytes.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import core from './dist/core.js';

const root = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2] ?? join(root, 'dist');
const { version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** All that runs; the bundles must have been built. */
const FILES = ['LICENSE', 'bin/vapp', 'dist/base.js', 'dist/cli.js', 'dist/core.js', 'dist/core.js.LEGAL.txt'];
const FOLDERS = ['schemas', 'templates'];

const work = mkdtempSync(join(tmpdir(), 'vapp-package-'));
try {
  const folder = join(work, 'vapp');
  const filter = (path) => !core.isLeftover(basename(path));
  for (const path of [...FILES, ...FOLDERS]) cpSync(join(root, path), join(folder, path), { recursive: true, filter });
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ name: 'vapp', version, license }, null, 2)}\n`);

  const name = `vapp-${version}.tar.gz`;
  const archive = gzipSync(tar(work), { level: 9 });
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, name), archive);
  const digest = createHash('sha256').update(archive).digest('hex');
  writeFileSync(join(target, 'checksums.txt'), `${digest}  ${name}\n`);
  console.log(join(target, name));
} finally {
  rmSync(work, { recursive: true });
}

/** Whoever packs, whenever and with whatever umask: the same archive. The options are GNU tar's. */
function tar(directory) {
  const same = ['--format=ustar', '--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];
  return execFileSync('tar', ['-C', directory, ...same, '--mode=u=rwX,go=rX', '-cf', '-', 'vapp'], {
    maxBuffer: 256 * 1024 * 1024,
  });
}
