import { Failure } from '../../base';
import type { Outcome, RunEvent } from '../types';
import type { Job } from '../images';
import { provideMachineBundle } from '../machine-bundle';
import type { FollowMode } from '../follow';
import { selectApps, type Session } from '../session';
import { startRuntime } from '../start';
import { Steps, outcomeOf } from '../steps';
import { LiveApp } from './live-app';

export interface LiveUpdateRequest {
  /** Ids or names; default: every app of the repository. */
  readonly apps?: readonly string[];
  /** Default: `forever`. */
  readonly follow?: FollowMode;
}

/**
 * Runs apps and brings every saved file into them: into the running container where the image would have it unchanged,
 * else by a new image. Which way each takes is told. It goes on until the signal fires; then each app is brought to run
 * from an image as a clean build gives it, and the job is done.
 */
export function liveUpdateApps(
  session: Session,
  request: LiveUpdateRequest,
  emit: (event: RunEvent) => void,
  signal: AbortSignal,
): Promise<Outcome<undefined>> {
  const { follow = 'forever' } = request;
  const job: Job = { session, steps: new Steps(emit, signal), emit, signal };
  return outcomeOf(async () => {
    const repository = await job.steps.run('read', undefined, () => session.readValid());
    const apps = selectApps(repository, request.apps);
    await provideMachineBundle(job);
    const local = await session.runtime(repository);
    const starting = startRuntime(job, local);
    // One that cannot go on ends all: half of what somebody works on is not what they asked for.
    const stopper = new AbortController();
    const all = AbortSignal.any([signal, stopper.signal]);
    const ends = await Promise.allSettled(
      apps.map(async ({ id }) => {
        try {
          await new LiveApp({ job, id, repository, local, starting, follow, signal: all }).run();
        } catch (error) {
          stopper.abort();
          throw error;
        }
      }),
    );
    const failed = ends.filter((end) => end.status === 'rejected').map(({ reason }): unknown => reason);
    const first = failed.find((error) => error instanceof Failure) ?? failed.find((error) => error instanceof Error);
    if (first) throw first;
    return undefined;
  }, signal);
}
