import { Failure } from '../base';
import type { App, Repository } from '../project';
import type { LocalRuntime, RuntimeStatus } from '../runtime';
import type { ClusterAccess } from '../tools';
import type { Session } from './session';

/**
 * How to reach the runtime, which has to run already.
 *
 * @throws Failure `runtime-not-running`, or why its state is unknown.
 */
export async function runningAccess(
  session: Session,
  repository: Repository,
  signal?: AbortSignal,
): Promise<ClusterAccess> {
  return (await statusOfRunning(await session.runtime(repository), signal)).access;
}

/** What is known of a runtime that runs. @throws the same. */
export async function statusOfRunning(
  local: LocalRuntime,
  signal?: AbortSignal,
): Promise<RuntimeStatus & { readonly access: ClusterAccess }> {
  const status = await local.status(signal);
  const { access } = status;
  if (status.failure) throw status.failure;
  if (status.state === 'running' && access) return { ...status, access };
  throw new Failure({
    code: 'runtime-not-running',
    fault: 'environment',
    summary: SUMMARIES[status.state] ?? 'There is no local runtime yet.',
    nextSteps: ['Start it with `vapp up`, or run the app with `vapp run`.'],
  });
}

const SUMMARIES: Readonly<Record<string, string>> = {
  stopped: 'The local runtime is stopped.',
  // It was started from another place, such as the devcontainer before it was rebuilt.
  running: 'The local runtime runs, but how to reach its Kubernetes is not known here.',
};

/** An app whose release is not there. */
export function notDeployed(app: App): Failure {
  return new Failure({
    code: 'not-deployed',
    fault: 'app',
    summary: `${app.name.value} is not deployed.`,
    nextSteps: [`Run it with \`vapp run ${app.id}\`.`],
  });
}
