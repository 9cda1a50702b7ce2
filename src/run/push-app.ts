import { buildAndPush, type PushedBuild } from '../build';
import type { App } from '../project';
import { chosenBuild } from './build-options';
import { emitting, locatingBuildErrors } from './explaining-builds';
import { shortDigest, type Job } from './images';

/** What is pushed where; what an app itself says of its build is taken from there. */
export interface PushAppRequest extends Omit<
  Parameters<typeof buildAndPush>[0],
  'dockerfile' | 'context' | 'buildArgs' | 'builder'
> {
  /** Write the cache that `vapp.yaml` names. */
  readonly keepSteps: boolean;
}

/** Builds an app and pushes it to a registry of somebody's choice, in one step. */
export function buildAndPushApp(job: Job, app: App, request: PushAppRequest): Promise<PushedBuild> {
  const { keepSteps, ...rest } = request;
  const { session, signal } = job;
  return job.steps.run('build', app.id, async (reporter) => {
    const docker = await session.docker();
    const chosen = await chosenBuild(session, app, { keepSteps, signal });
    const { dockerfile, context, buildArgs } = app;
    const pushed = await locatingBuildErrors(session.root, app, (watch) =>
      buildAndPush(
        { dockerfile: dockerfile.value, context, buildArgs, ...chosen, ...rest },
        { toolbox: session.toolbox, docker, signal, onEvent: emitting(job.emit, app, watch) },
      ),
    );
    reporter.result(`${pushed.reference} as ${shortDigest(pushed.digest)}`);
    return pushed;
  });
}
