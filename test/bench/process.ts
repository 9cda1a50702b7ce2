import { runCommand, type Command } from '../../src/tools';

const LIMIT_MS = 300_000;

let interruption = new AbortController();

/** Fires when whatever is being measured is to end. Ask for it anew for each command. */
export function interrupted(): AbortSignal {
  return interruption.signal;
}

/** Ends the commands that are at work. Those begun afterwards, to tidy up, are left alone. */
export function interrupt(): void {
  const atWork = interruption;
  interruption = new AbortController();
  atWork.abort();
}

/** Runs a command to its end; its output is shown when it fails. @throws Cancelled by {@link interrupt}. */
export async function run(command: Command): Promise<string> {
  const { stdout } = await runCommand(command, { timeoutMs: LIMIT_MS, signal: interrupted() });
  return stdout;
}

/** Seconds that some work takes. */
export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}
