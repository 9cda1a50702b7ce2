import { runCommand, type Command } from '../../src/tools';

/** Runs a command to its end; its output is shown when it fails. */
export async function run(command: Command): Promise<string> {
  const { stdout } = await runCommand(command, { timeoutMs: 300_000 });
  return stdout;
}

/** Seconds that some work takes. */
export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}
