import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Runs a program on this process's own terminal and answers its exit code. When the signal fires it gets SIGTERM;
 * Ctrl-C reaches it by the terminal itself.
 */
export async function runAttached(
  program: string,
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<number> {
  const child = spawn(program, args, { cwd: options.cwd, env: options.env, stdio: 'inherit' });
  const stop = () => child.kill('SIGTERM');
  options.signal.addEventListener('abort', stop, { once: true });
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return code ?? 130;
  } finally {
    options.signal.removeEventListener('abort', stop);
  }
}
