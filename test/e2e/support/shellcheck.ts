import { join } from 'node:path';
import { thisPlatform } from '../../stack/platform';
import { debian } from '../../stack/parts/docker';
import { acquirePart } from '../../stack/sources';
import type { StackContext } from '../../stack/types';

/** ShellCheck of this machine's Debian: its program, and what it needs in its environment. */
export async function ensureShellCheck(
  context: StackContext,
): Promise<{ program: string; env: Readonly<Record<string, string>> }> {
  const source = debian(context, 'shellcheck', ['shellcheck', 'libgmp10', 'libffi8'], 'own');
  const { folder } = await acquirePart(context, 'ShellCheck', [source], () => undefined);
  return {
    program: join(folder, 'usr/bin/shellcheck'),
    env: { LD_LIBRARY_PATH: join(folder, 'usr/lib', `${thisPlatform().machine}-linux-gnu`) },
  };
}
