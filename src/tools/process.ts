import { existsSync } from 'node:fs';
import type { Options as ExecaOptions } from 'execa';
import { Cancelled, Failure, throwIfCancelled, type FailureDetails } from '../base';
import { LineSplitter, TailBuffer } from './lines';
import { Redactor } from './redact';

/** A process to start: a program and its arguments, never a shell string. */
export interface Command {
  /** Absolute path, or a name to look up in PATH. */
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Added to (or, with `undefined`, taken from) the environment of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string;
}

export interface RunOptions {
  /** Ends the whole process tree: TERM at once, KILL after {@link RunOptions.killAfterMs}. */
  readonly signal?: AbortSignal | undefined;
  /** Called for every line as it arrives, redacted. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** Longest line for `onLine`, in UTF-16 code units; a longer one comes in pieces. Default 64 Ki. */
  readonly maxLine?: number;
  /** Bytes kept of each stream; older output is dropped. Default 16 MiB. */
  readonly maxCapture?: number;
  /** The process tree is ended and a Failure thrown after this long. Default: no limit. */
  readonly timeoutMs?: number;
  /** Grace between TERM and KILL. Default 5000. */
  readonly killAfterMs?: number;
  readonly redactor?: Redactor;
  /** Exit codes besides 0 that are an answer and not a failure. */
  readonly acceptExitCodes?: readonly number[];
}

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether either stream was longer than `maxCapture`; then only its end is here. */
  readonly truncated: boolean;
  readonly durationMs: number;
}

/** A tool ran and said no. */
export class ToolFailure extends Failure {
  constructor(
    details: FailureDetails,
    /** Undefined when a signal ended it. */
    readonly exitCode: number | undefined,
    readonly stdout: string,
    readonly stderr: string,
  ) {
    super(details);
    this.name = 'ToolFailure';
  }
}

/**
 * Runs a command to its end.
 *
 * @throws Cancelled when the signal fires; the process tree is gone by then.
 * @throws ToolFailure `tool-missing`, `tool-not-startable`, `tool-failed`, `tool-timeout`.
 * @throws whatever `onLine` throws; the process tree is gone by then.
 */
export async function runCommand(command: Command, options: RunOptions = {}): Promise<CommandResult> {
  // Loaded on first use, and by import(): it is an ESM-only package, which require() cannot load on every Node we support.
  const { execa } = await import('execa');
  throwIfCancelled(options.signal);
  const redactor = options.redactor ?? defaultRedactor;
  const started = performance.now();
  const capture = {
    stdout: new TailBuffer(options.maxCapture ?? 16 * MIB),
    stderr: new TailBuffer(options.maxCapture ?? 16 * MIB),
  };

  const execaOptions = {
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    env: command.env ?? {},
    buffer: false,
    reject: false,
    stripFinalNewline: false,
    encoding: 'buffer',
    // A process group of its own makes the whole tree reachable by one signal. It also keeps a terminal's Ctrl-C from
    // ending the tool behind our back: cancelling is ours, so that clean-up comes in order.
    detached: process.platform !== 'win32',
    ...(command.stdin === undefined ? { stdin: 'ignore' } : { input: command.stdin }),
  } satisfies ExecaOptions;
  const child = execa(command.program, [...command.args], execaOptions);
  if (child.pid !== undefined) liveGroups.add(child.pid);

  let stoppedBy: 'cancel' | 'timeout' | 'listener' | undefined;
  let killTimer: NodeJS.Timeout | undefined;
  const stop = (reason: 'cancel' | 'timeout' | 'listener') => {
    if (stoppedBy) return;
    stoppedBy = reason;
    killGroup(child.pid, 'SIGTERM');
    killTimer = setTimeout(() => {
      killGroup(child.pid, 'SIGKILL');
      // Whoever left the group can still hold the pipes open; nobody waits for it.
      child.stdout.destroy();
      child.stderr.destroy();
    }, options.killAfterMs ?? 5000);
  };

  let listenerError: unknown;
  const streamsEnded = (['stdout', 'stderr'] as const).map((name) => {
    const onLine = options.onLine;
    const handOn = (line: string) => {
      if (stoppedBy === 'listener') return;
      try {
        onLine?.(redactor.redact(line), name);
      } catch (error) {
        listenerError = error;
        stop('listener');
      }
    };
    const splitter = onLine ? new LineSplitter(handOn, options.maxLine) : undefined;
    return new Promise<void>((resolve) => {
      child[name].on('data', (chunk: Buffer) => {
        capture[name].write(chunk);
        splitter?.write(chunk);
      });
      child[name].once('close', () => {
        splitter?.end();
        resolve();
      });
    });
  });

  const onAbort = () => stop('cancel');
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const timeout = options.timeoutMs === undefined ? undefined : setTimeout(() => stop('timeout'), options.timeoutMs);

  try {
    const result = await child;
    // Whoever the tool left behind in its group ends with it when we are the ones who ended it.
    if (stoppedBy) killGroup(child.pid, 'SIGKILL');
    await Promise.all(streamsEnded);
    const stdout = redactor.redact(capture.stdout.toString());
    const stderr = redactor.redact(capture.stderr.toString());
    const name = programName(command.program);
    const shown = redactor.redact(describeCommand(command));
    if (stoppedBy === 'cancel') throw new Cancelled();
    if (stoppedBy === 'listener') throw listenerError;
    if (stoppedBy === 'timeout') {
      throw new ToolFailure(
        {
          code: 'tool-timeout',
          fault: 'environment',
          summary: `${name} gave no answer within ${Math.round((options.timeoutMs ?? 0) / 1000)} s.`,
          evidence: [shown, ...lastLines(stderr || stdout)],
        },
        undefined,
        stdout,
        stderr,
      );
    }
    const { exitCode } = result;
    if (exitCode === undefined && result.signal === undefined) throw startFailure(command, shown, result.cause);
    if (exitCode !== 0 && !(exitCode !== undefined && options.acceptExitCodes?.includes(exitCode))) {
      throw new ToolFailure(
        {
          code: 'tool-failed',
          fault: 'environment',
          summary: `${name} ${exitCode === undefined ? `was ended by ${result.signal ?? 'a signal'}` : `failed with exit code ${exitCode}`}${firstErrorLine(stderr)}`,
          evidence: [shown, ...lastLines(stderr || stdout)],
        },
        exitCode,
        stdout,
        stderr,
      );
    }
    return {
      exitCode,
      stdout,
      stderr,
      truncated: capture.stdout.truncated || capture.stderr.truncated,
      durationMs: performance.now() - started,
    };
  } finally {
    clearTimeout(timeout);
    clearTimeout(killTimer);
    options.signal?.removeEventListener('abort', onAbort);
    if (child.pid !== undefined) liveGroups.delete(child.pid);
  }
}

/** A command as a person would type it, for messages only: it is never executed in this form. */
export function describeCommand(command: Command): string {
  return [
    programName(command.program),
    ...command.args.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`)),
  ].join(' ');
}

const MIB = 1024 * 1024;
const defaultRedactor = new Redactor();
defaultRedactor.addFromEnvironment(process.env);

const liveGroups = new Set<number>();
// The last owner of running children: if this process ends in any orderly way, they end with it.
process.once('exit', () => {
  for (const pid of liveGroups) killGroup(pid, 'SIGKILL');
});

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch (error) {
    // ESRCH: already gone, which is what was wanted. EPERM: what macOS says of a group of which only zombies are left.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

function startFailure(command: Command, shown: string, cause: unknown): ToolFailure {
  const name = programName(command.program);
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  // The system says ENOENT for a missing working directory, too.
  const folderMissing = command.cwd !== undefined && !existsSync(command.cwd);
  const missing = code === 'ENOENT' && !folderMissing;
  const reason = folderMissing ? `: the folder ${command.cwd} does not exist` : code ? ` (${code})` : '';
  return new ToolFailure(
    {
      code: missing ? 'tool-missing' : 'tool-not-startable',
      fault: 'environment',
      summary: missing ? `${name} was not found.` : `${name} could not be started${reason}.`,
      evidence: [shown],
      nextSteps: missing ? [`Install ${name}, or name its path in the variable VAPP_${name.toUpperCase()}.`] : [],
      cause,
    },
    undefined,
    '',
    '',
  );
}

function programName(program: string): string {
  return program.slice(program.lastIndexOf('/') + 1);
}

function lastLines(text: string, count = 20): string[] {
  return text
    .trimEnd()
    .split(/\r?\n/)
    .slice(-count)
    .filter((line) => line.trim() !== '');
}

function firstErrorLine(stderr: string): string {
  const lines = lastLines(stderr);
  const line = lines.find((candidate) => /\b(error|fatal)\b/i.test(candidate)) ?? lines.at(-1);
  return line ? `: ${line.trim().slice(0, 300)}` : '.';
}
