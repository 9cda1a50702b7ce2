import type { Outcome } from '../run';

/** What `vapp` says to its caller; part of its interface, described in the README. */
export const ExitCode = {
  done: 0,
  /** The app or its files are at fault. */
  app: 1,
  usage: 2,
  /** Docker, network, disk, tools or cluster are at fault. */
  environment: 3,
  /** 128 + SIGINT, as shells count. */
  cancelled: 130,
} as const;

export function exitCodeOf(outcome: Outcome<unknown>): number {
  switch (outcome.status) {
    case 'done':
      return ExitCode.done;
    case 'cancelled':
      return ExitCode.cancelled;
    case 'failed':
      return ExitCode[outcome.failure.fault];
  }
}
