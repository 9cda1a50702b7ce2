import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../src/tools';

/** An npm package at an exact version. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
}

/**
 * Unpacks a package of the npm registry into a subfolder of `folder`; npm verifies its integrity.
 *
 * @returns the folder with the package's files.
 */
export async function unpackNpmPackage(
  { name, version }: NpmPackage,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const { stdout } = await runCommand(
    {
      program: 'npm',
      args: ['pack', '--json', '--ignore-scripts', '--pack-destination', folder, `${name}@${version}`],
      // Inside `npm run` these name our own package's settings.
      env: { npm_config_json: undefined, npm_config_loglevel: undefined },
      cwd: folder,
    },
    { signal },
  );
  const [packed] = JSON.parse(stdout) as { filename: string }[];
  const target = join(folder, 'unpacked');
  await mkdir(target, { recursive: true });
  // npm 9 and later write `@scope/name` as `scope-name`, but report the slash.
  const archive = (packed?.filename ?? '').replace(/^@/, '').replaceAll('/', '-');
  await runCommand({ program: 'tar', args: ['-xzf', join(folder, archive), '-C', target] }, { signal });
  return join(target, 'package');
}
