import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../src/tools';

const root = join(__dirname, '..', '..');

/** Builds dist/cli.js when any of its sources is newer. */
export async function ensureVappBuilt(signal: AbortSignal): Promise<void> {
  const built = await modifiedAt(join(root, 'dist', 'cli.js'));
  if (built !== undefined && built > (await newestSource())) return;
  await runCommand({ program: process.execPath, args: ['esbuild.mjs'], cwd: root }, { signal });
}

async function newestSource(): Promise<number> {
  const sources = (await readdir(join(root, 'src'), { recursive: true })).map((name) => join(root, 'src', name));
  const others = ['package-lock.json', 'esbuild.mjs'].map((name) => join(root, name));
  const times = await Promise.all([...sources, ...others].map(modifiedAt));
  return Math.max(...times.map((time) => time ?? 0));
}

/** In milliseconds since the epoch; undefined when there is no such file. */
async function modifiedAt(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}
