import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, isCancelled } from '../../../src/base';
import { describeCommand, runCommand, ToolFailure, type Command } from '../../../src/tools';
import type { StackContext } from '../types';

/**
 * Runs a command whose output is of interest only when it fails; all of it is in `logs/<log>.log` of the cache.
 *
 * @throws Failure as `runCommand` does, naming the log.
 */
export async function runLogged(context: StackContext, log: string, command: Command): Promise<void> {
  const file = join(context.cache.root, 'logs', `${log}.log`);
  await mkdir(join(context.cache.root, 'logs'), { recursive: true });
  const lines: string[] = [`$ ${describeCommand(command)}`];
  try {
    await runCommand(command, {
      signal: context.signal,
      redactor: context.toolbox.redactor,
      onLine: (line) => void lines.push(line),
    });
  } catch (error) {
    if (isCancelled(error, context.signal) || !(error instanceof ToolFailure)) throw error;
    throw new Failure({
      code: error.code,
      fault: error.fault,
      summary: error.summary,
      evidence: error.evidence,
      nextSteps: [`Read the full output in ${file}.`, ...error.nextSteps],
      cause: error,
    });
  } finally {
    await appendFile(file, `${lines.join('\n')}\n`);
  }
}
