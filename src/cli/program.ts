import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { Failure, harmless } from '../base';
import {
  Session,
  contextStatus,
  deleteWorkspace,
  describeApps,
  doctor,
  findRepository,
  liveUpdateApps,
  outcomeOf,
  rollBackApps,
  runApps,
  showLogs,
  stopWorkspace,
  uninstallApps,
  withTimeline,
  withoutSecrets,
  workspaceStatus,
} from '../core';
import type { Outcome, OwnProgram, RunEvent, SessionOptions } from '../run';
import { addAdoptCommand } from './adopt';
import { addBuildCommands } from './build';
import { addBundleCommands } from './bundle';
import { contextOption, inContext } from './context-option';
import { completionScript, SHELLS, type Shell } from './completion';
import { ExitCode, exitCodeOf } from './exit-codes';
import { jsonRenderer } from './json';
import { liveRenderer } from './live';
import { addNewCommand } from './new';
import type { Output, Renderer } from './renderer';
import { appsText, contextStatusText, doctorText, statusText } from './reports';
import { Style } from './style';
import { plainRenderer } from './text';
import { addUpCommand } from './up';

/** What `vapp` needs of its process. */
export interface Host {
  readonly out: Output;
  readonly err: Output;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly version: string;
  readonly chartsDirectory: string;
  /** How this program is started once more. */
  readonly own: OwnProgram;
  /** Fires on the first Ctrl-C. */
  readonly signal: AbortSignal;
}

interface GlobalOptions {
  readonly directory?: string;
  readonly output: 'text' | 'json';
  readonly verbose?: boolean;
}

interface RunOptions {
  readonly context?: string;
  readonly follow: boolean;
  readonly image?: string;
  readonly platform?: string;
  readonly cache: boolean;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly timeline?: boolean;
}

type TextOf<T> = (value: T, style: Style) => string;
type Job<T> = (session: Session, emit: (event: RunEvent) => void) => Promise<Outcome<T>>;

/** Runs `vapp` with the arguments after the program's name and answers the exit code. */
export async function main(args: readonly string[], host: Host): Promise<number> {
  let exitCode: number = ExitCode.done;
  const program = createProgram(host, (code) => (exitCode = code));
  try {
    // Behind a command it is an option of that one: `vapp package --version 1.2.3`.
    const [first, ...rest] = args;
    await program.parseAsync(first === '--version' ? ['-V', ...rest] : [...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has said what is wrong by now; help and version are no errors.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.done : ExitCode.usage;
    throw error;
  }
}

/** The commands of `vapp` and what each of them starts. */
export function createProgram(host: Host, exit: (code: number) => void): Command {
  const program = new Command('vapp');
  const act = async <T>(job: Job<T>, text?: TextOf<T>, exitCode?: (value: T) => number): Promise<void> => {
    const outcome = await perform(program.opts<GlobalOptions>(), host, job, text);
    exit(outcome.status === 'done' && exitCode ? exitCode(outcome.value) : exitCodeOf(outcome));
  };
  const anywhere = async <T>(
    job: (emit: (event: RunEvent) => void) => Promise<Outcome<T>>,
    text: TextOf<T>,
  ): Promise<void> => exit(exitCodeOf(await present(program.opts<GlobalOptions>(), host, job, text)));
  const { signal } = host;

  program
    .description('Builds Vehicle Apps, runs them on a local Kubernetes and shows their logs.')
    .version(host.version, '-V', 'tell the version; so does --version in front of any command')
    .option('-C, --directory <path>', 'repository, or a folder in it (default: the current folder)')
    .addOption(
      new Option('-o, --output <form>', 'one JSON event a line, or text').choices(['text', 'json']).default('text'),
    )
    .option('-v, --verbose', 'show every build step and the pod of every line')
    .showHelpAfterError('(run with --help for all options)')
    .configureOutput({ writeOut: (text) => host.out.write(text), writeErr: (text) => host.err.write(text) })
    .exitOverride();

  program
    .command('run')
    .description('build, start the runtime, deploy and follow the logs')
    .argument('[apps...]', 'apps to run (default: all)')
    .option('--no-follow', 'end after the first lines of the log; the app goes on')
    .addOption(contextOption())
    .option('--image <reference>', 'run this image of a registry, unchanged, instead of building one')
    .option('-p, --platform <platform>', 'with --image: which of its platforms, e.g. linux/arm64')
    .option('--no-cache', 'build every step anew')
    .option('--timeout <duration>', 'longest wait for the rollout, e.g. 90s or 5m', parseDuration)
    .option('--timeline', 'show at the end of the rollout what took how long')
    .action((apps: string[], options: RunOptions) =>
      act((session, emit) => {
        const request = {
          apps,
          follow: options.follow ? 'forever' : 'first-line',
          noCache: !options.cache,
          ...inContext(options),
          podMoments: options.timeline === true,
          ...(options.image === undefined ? {} : { image: options.image }),
          ...(options.platform === undefined ? {} : { platform: options.platform }),
          ...(options.timeout === undefined ? {} : { rolloutTimeoutMs: options.timeout }),
        } as const;
        const job = (tell: (event: RunEvent) => void) => runApps(session, request, tell, signal);
        return options.timeline ? withTimeline(job, emit) : job(emit);
      }),
    );

  program
    .command('dev')
    .description('run, and bring every saved file into the running app until Ctrl-C')
    .argument('[apps...]', 'apps to work on (default: all)')
    .action((apps: string[]) => act((session, emit) => liveUpdateApps(session, { apps }, emit, signal)));

  addBuildCommands(program, { signal, cwd: host.cwd, parseDuration, inWorkspace: act });

  addUpCommand(program, {
    own: host.own,
    signal,
    parseDuration,
    isInRepository: async () =>
      (await findRepository(program.opts<GlobalOptions>().directory ?? host.cwd)) !== undefined,
    inWorkspace: act,
    anywhere,
  });

  program
    .command('deploy')
    .description('deploy the images built last, without building')
    .argument('[apps...]', 'apps to deploy (default: all)')
    .option('--image <reference>', 'deploy this image')
    .option('--timeout <duration>', 'longest wait for the rollout, e.g. 90s or 5m', parseDuration)
    .action((apps: string[], options: { image?: string; timeout?: number }) =>
      act((session, emit) =>
        runApps(
          session,
          {
            apps,
            follow: 'none',
            build: false,
            ...(options.image === undefined ? {} : { image: options.image }),
            ...(options.timeout === undefined ? {} : { rolloutTimeoutMs: options.timeout }),
          },
          emit,
          signal,
        ),
      ),
    );

  program
    .command('rollback')
    .description('bring an app back to an earlier revision')
    .argument('[app]', 'app (default: all)')
    .argument('[revision]', 'revision (default: the one before)', parseRevision)
    .addOption(contextOption())
    .action((app: string | undefined, revision: number | undefined, options: { context?: string }) =>
      act((session, emit) =>
        rollBackApps(
          session,
          {
            apps: app === undefined ? [] : [app],
            ...inContext(options),
            ...(revision === undefined ? {} : { revision }),
          },
          emit,
          signal,
        ),
      ),
    );

  program
    .command('uninstall')
    .description('remove apps from the runtime')
    .argument('[apps...]', 'apps to remove (default: all)')
    .addOption(contextOption())
    .action((apps: string[], options: { context?: string }) =>
      act((session, emit) => uninstallApps(session, { apps, ...inContext(options) }, emit, signal)),
    );

  program
    .command('logs')
    .description('show the logs of apps, across restarts')
    .argument('[apps...]', 'apps to show (default: all)')
    .option('--since <time>', 'only lines since then: 10m, 2h, or an RFC 3339 time', parseSince)
    .option('--tail <lines>', 'only so many of the lines already written', parseCount)
    .option('--no-follow', 'end after the lines already written')
    .addOption(contextOption())
    .action((apps: string[], options: { context?: string; since?: Date; tail?: number; follow: boolean }) =>
      act((session, emit) => showLogs(session, { apps, ...options }, emit, signal)),
    );

  program
    .command('apps')
    .description('list the apps of the repository and the platforms of their images')
    .action(() => act((session) => describeApps(session, signal), appsText));

  program
    .command('status')
    .description('show runtime, services and apps')
    .addOption(contextOption())
    .action(({ context }: { context?: string }) =>
      context === undefined
        ? act((session) => workspaceStatus(session, signal), statusText)
        : act((session, emit) => contextStatus(session, context, emit, signal), contextStatusText),
    );

  program
    .command('stop')
    .description('stop the runtime; everything is kept')
    .action(() => act((session, emit) => stopWorkspace(session, emit, signal)));

  program
    .command('delete')
    .description('delete the runtime and all that is in it')
    .action(() => act((session, emit) => deleteWorkspace(session, emit, signal)));

  program
    .command('doctor')
    .description('check Docker, tools and runtime')
    .action(() =>
      act(
        (session) => doctor(session, signal),
        doctorText,
        (report) => (report.checks.some((check) => check.state === 'error') ? ExitCode.environment : ExitCode.done),
      ),
    );

  addAdoptCommand(program, {
    signal,
    options: () => sessionOptions(program.opts<GlobalOptions>(), host),
    anywhere,
  });

  addBundleCommands(program, {
    version: host.version,
    signal,
    options: () => sessionOptions(program.opts<GlobalOptions>(), host),
    inWorkspace: act,
    anywhere,
  });

  addNewCommand(program, { signal, options: () => sessionOptions(program.opts<GlobalOptions>(), host), anywhere });

  program
    .command('completion')
    .description('print a completion script')
    .argument('<shell>', SHELLS.join(', '), parseShell)
    .action((shell: Shell) => host.out.write(completionScript(shell, program)));

  return program;
}

function perform<T>(options: GlobalOptions, host: Host, job: Job<T>, text?: TextOf<T>): Promise<Outcome<T>> {
  const inSession = async (emit: (event: RunEvent) => void) => {
    const opened = await outcomeOf(() => Session.open(sessionOptions(options, host)));
    return opened.status === 'done' ? job(opened.value, emit) : opened;
  };
  return present(options, host, inSession, text);
}

/** Shows what a job does and how it ends. */
async function present<T>(
  options: GlobalOptions,
  host: Host,
  job: (emit: (event: RunEvent) => void) => Promise<Outcome<T>>,
  text?: TextOf<T>,
): Promise<Outcome<T>> {
  const style = Style.for(host.env, host.err.isTTY);
  const renderer = rendererFor(options, host, style);
  try {
    const outcome = await job((event) => renderer.event(event));
    renderer.outcome(outcome, outcome.status === 'done' ? text?.(outcome.value, style) : undefined);
    return outcome;
  } finally {
    renderer.dispose();
  }
}

function sessionOptions(options: GlobalOptions, host: Host): SessionOptions {
  return { directory: options.directory ?? host.cwd, env: host.env, chartsDirectory: host.chartsDirectory };
}

function rendererFor(options: GlobalOptions, host: Host, style: Style): Renderer {
  if (options.output === 'json') return jsonRenderer(host.out);
  const render = host.err.isTTY && host.env['TERM'] !== 'dumb' ? liveRenderer : plainRenderer;
  return render(host.out, host.err, style, options.verbose ?? false);
}

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `5m`, `1h30m` → milliseconds; a bare number counts seconds. */
export function parseDuration(value: string): number {
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  if (!/^(\d+(ms|s|m|h|d))+$/.test(value)) throw new InvalidArgumentError('Write it like 90s, 5m or 1h30m.');
  let total = 0;
  for (const [, amount, unit] of value.matchAll(/(\d+)(ms|s|m|h|d)/g))
    total += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  return total;
}

/** A duration before now, or an RFC 3339 time. */
export function parseSince(value: string): Date {
  if (/^\d{4}-\d\d-\d\d/.test(value)) {
    const time = new Date(value);
    if (!Number.isNaN(time.getTime())) return time;
    throw new InvalidArgumentError('This is not an RFC 3339 time.');
  }
  return new Date(Date.now() - parseDuration(value));
}

function parseCount(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError('Write a whole number.');
  return Number(value);
}

function parseRevision(value: string): number {
  if (!/^[1-9]\d*$/.test(value))
    throw new InvalidArgumentError('A revision is a whole number from 1; `helm history` lists them.');
  return Number(value);
}

function parseShell(value: string): Shell {
  const shell = SHELLS.find((candidate) => candidate === value);
  if (!shell) throw new InvalidArgumentError(`Choose one of: ${SHELLS.join(', ')}.`);
  return shell;
}

/**
 * What an unexpected error says to a person, when not even a session could be opened. Node itself would print all that
 * hangs on the error, such as the environment of a process.
 */
export function crashMessage(error: unknown): string {
  const text =
    error instanceof Failure ? error.summary : error instanceof Error ? (error.stack ?? error.message) : String(error);
  return text
    .split('\n')
    .map((line) => harmless(withoutSecrets(line), false))
    .join('\n');
}
