import { join } from 'node:path';
import { runCommand } from '../../src/tools';

const root = join(__dirname, '..', '..');

/**
 * Bundles and packs the extension into a file of that folder.
 *
 * @returns the file, absolute.
 */
export function packVsix(folder: string, signal?: AbortSignal): Promise<string> {
  return pack(root, join(folder, 'vscode-velocitas.vsix'), [], signal);
}

/** Packs the extension that opens our view in the demo, likewise. */
export function packGuide(folder: string, signal?: AbortSignal): Promise<string> {
  const few = ['--skip-license', '--allow-missing-repository'];
  return pack(join(root, 'test', 'workbench', 'guide'), join(folder, 'guide.vsix'), few, signal);
}

async function pack(cwd: string, vsix: string, more: readonly string[], signal?: AbortSignal): Promise<string> {
  await runCommand(
    {
      program: join(root, 'node_modules', '.bin', 'vsce'),
      args: ['package', '--no-dependencies', ...more, '--out', vsix],
      cwd,
    },
    { signal },
  );
  return vsix;
}
