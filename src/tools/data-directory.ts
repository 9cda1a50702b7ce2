import { homedir } from 'node:os';
import { join } from 'node:path';

/** `$XDG_DATA_HOME/vscode-velocitas`, by the XDG Base Directory Specification. */
export function defaultDataDirectory(env: NodeJS.ProcessEnv): string {
  const base = env['XDG_DATA_HOME'] || join(env['HOME'] || homedir(), '.local', 'share');
  return join(base, 'vscode-velocitas');
}

/** Where `vapp bundle load` puts tools, and where they are found when PATH has none. */
export function toolsDirectory(env: NodeJS.ProcessEnv): string {
  return join(defaultDataDirectory(env), 'tools', 'bin');
}
