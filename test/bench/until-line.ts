import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Command } from '../../src/tools';
import { LineSplitter } from '../../src/tools/lines';
import { interrupted } from './process';

/** A `vapp run` that is ended before it has said this takes back what it began to deploy. */
const DEPLOYED = /^[✓=] Deploy /;
const LIMIT_MS = 180_000;

/** Starts `vapp run` and answers the seconds until the app's line is there; it is ended when the app is deployed. */
export async function secondsUntilLine(command: Command, marker: string): Promise<number> {
  const started = performance.now();
  const child = spawn(command.program, command.args, {
    cwd: command.cwd,
    env: { ...process.env, ...command.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: interrupted(),
    killSignal: 'SIGINT',
  });
  const closed = once(child, 'close');
  let output = '';
  let seconds: number | undefined;
  let deployed = false;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<number>((resolve, reject) => {
      const fail = (reason: string) => reject(new Error(`${reason}:\n${output}`));
      timer = setTimeout(() => fail(`no line with "${marker}" within ${LIMIT_MS} ms`), LIMIT_MS);
      const onLine = (line: string) => {
        output = `${output}${line}\n`.slice(-4000);
        if (line.includes(marker)) seconds ??= (performance.now() - started) / 1000;
        deployed ||= DEPLOYED.test(line);
        if (seconds !== undefined && deployed) resolve(seconds);
      };
      for (const stream of [child.stdout, child.stderr]) {
        const lines = new LineSplitter(onLine);
        stream.on('data', (chunk: Buffer) => lines.write(chunk));
      }
      closed.then(() => fail(`${command.program} ended without the line "${marker}"`), reject);
    });
  } finally {
    clearTimeout(timer);
    child.kill('SIGINT');
    await closed.catch(() => undefined);
  }
}
