#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GatheredOutput } from './cli/gathered-output';
import { crashMessage, main, type Host } from './cli/program';
import type { Output } from './cli/renderer';
import { ExitCode } from './cli/exit-codes';

const packageRoot = join(__dirname, '..');
const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string };

const cancel = new AbortController();
let interrupts = 0;
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    interrupts += 1;
    cancel.abort();
    // Cleaning up takes seconds; who insists gets the prompt back, and the next run repairs what is left.
    if (interrupts === 3) process.exit(ExitCode.cancelled);
    if (interrupts === 1 && process.stderr.isTTY)
      process.stderr.write('\nCancelling; press Ctrl-C twice more to leave at once.\n');
  });
}
// Whoever read our output has gone (`vapp logs | head`): nothing is left to say.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  cancel.abort();
});

function output(stream: NodeJS.WriteStream, before?: () => void): Output {
  return {
    write: (text) => {
      before?.();
      stream.write(text);
    },
    get isTTY() {
      return stream.isTTY;
    },
    get columns() {
      return stream.columns || 80;
    },
  };
}

const out = new GatheredOutput(output(process.stdout));

const host: Host = {
  out,
  // Both may be one terminal.
  err: output(process.stderr, () => out.flush()),
  env: process.env,
  cwd: process.cwd(),
  version,
  chartsDirectory: join(packageRoot, 'templates', 'charts'),
  own: { program: process.execPath, args: [...process.execArgv, __filename] },
  signal: cancel.signal,
};

// Node ends without a word when nothing is left that could wake it, even in the middle of a job.
const forsaken = () => {
  process.stderr.write('vapp ended before its work was done. This is a defect of vapp; please report it.\n');
  process.exitCode = ExitCode.environment;
};
process.once('beforeExit', forsaken);

const crash = (error: unknown) => {
  host.err.write(`${crashMessage(error)}\n`);
  process.exitCode = ExitCode.environment;
};
// A defect of ours. What runs ends with this process.
process.on('uncaughtException', (error) => {
  crash(error);
  process.exit();
});

main(process.argv.slice(2), host)
  .then((code) => (process.exitCode = code), crash)
  .finally(() => process.off('beforeExit', forsaken));
