import { Option, type Command } from 'commander';
import { BACKGROUND_PROCESS, runBackgroundStart, startInBackground, startPatiently, startWorkspace } from '../core';
import type { BackgroundReport, Outcome, OwnProgram, RunEvent, Session } from '../run';
import { runtimeText } from './reports';

type Job<T> = (session: Session, emit: (event: RunEvent) => void) => Promise<Outcome<T>>;

/** How `vapp up` is carried out and shown. */
export interface UpCommand {
  readonly own: OwnProgram;
  readonly signal: AbortSignal;
  readonly parseDuration: (text: string) => number;
  readonly isInRepository: () => Promise<boolean>;
  /** Runs a job in the workspace. */
  readonly inWorkspace: <T>(job: Job<T>, text: (value: T) => string) => Promise<void>;
  /** Runs a job that needs no workspace. */
  readonly anywhere: <T>(job: () => Promise<Outcome<T>>, text: (value: T) => string) => Promise<void>;
}

interface UpOptions {
  /** Milliseconds; true: the default. */
  readonly waitForDocker?: number | true;
  readonly background?: true;
  readonly backgroundProcess?: true;
}

/** How long Docker may take to come up, milliseconds: in a devcontainer it is started at the same time as this. */
const DOCKER_LIMIT_MS = 120_000;

/** Adds `up`. */
export function addUpCommand(program: Command, command: UpCommand): void {
  const { own, signal, parseDuration, isInRepository, inWorkspace: act, anywhere } = command;
  program
    .command('up')
    .description('create or resume the runtime and its services')
    .option('--wait-for-docker [duration]', 'wait for Docker to come up (default: at most 2m)', parseDuration)
    .option('--background', 'return at once, and let a process of its own do it, and build the apps afterwards')
    .addOption(new Option(BACKGROUND_PROCESS).hideHelp())
    .action(async ({ waitForDocker, background, backgroundProcess }: UpOptions) => {
      const limitMs = typeof waitForDocker === 'number' ? waitForDocker : DOCKER_LIMIT_MS;
      if (backgroundProcess) {
        await act(
          (session, emit) => runBackgroundStart(session, limitMs, emit, signal),
          (status) => (status ? runtimeText(status) : AT_WORK),
        );
      } else if (background) {
        // It is a hook of every folder that is opened, whatever is in it.
        if (await isInRepository()) await act((session) => startInBackground(session, own, limitMs), backgroundText);
        else
          await anywhere(
            () => Promise.resolve({ status: 'done', value: { state: 'no-app' } }),
            () => NO_APP,
          );
      } else if (waitForDocker !== undefined) {
        await act((session, emit) => startPatiently(session, limitMs, emit, signal), runtimeText);
      } else {
        await act((session, emit) => startWorkspace(session, emit, signal), runtimeText);
      }
    });
}

const NO_APP = 'There is no Vehicle App repository here, so there is no runtime to start.';
const AT_WORK = 'The runtime is being started in the background already.';

function backgroundText({ state, logFile }: BackgroundReport): string {
  const what = state === 'begun' ? 'The runtime is being started in the background.' : AT_WORK;
  return `${what} \`vapp status\` tells how far it is; ${logFile} says what happened.`;
}
