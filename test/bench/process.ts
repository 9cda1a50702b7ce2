import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { LineSplitter, runCommand, type Command } from '../../src/tools';

/** Starts a command and answers the seconds until a line of its output holds the marker; then it is ended. */
export async function secondsUntilLine(command: Command, marker: string, limitMs = 180_000): Promise<number> {
  const started = performance.now();
  const child = spawn(command.program, command.args, {
    cwd: command.cwd,
    env: { ...process.env, ...command.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  let output = '';
  try {
    return await new Promise<number>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no line with "${marker}" within ${limitMs} ms:\n${output}`)),
        limitMs,
      );
      for (const stream of [child.stdout, child.stderr]) {
        const lines = new LineSplitter((line) => {
          output = `${output}${line}\n`.slice(-4000);
          if (!line.includes(marker)) return;
          clearTimeout(timer);
          resolve((performance.now() - started) / 1000);
        });
        stream.on('data', (chunk: Buffer) => lines.write(chunk));
      }
      void closed.then(() => {
        clearTimeout(timer);
        reject(new Error(`${command.program} ended without the line "${marker}":\n${output}`));
      });
    });
  } finally {
    child.kill('SIGINT');
    await closed;
  }
}

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
