import { join } from 'node:path';
import type { Repository } from '../project';
import type { Job } from './images';
import { LocalTarget } from './local-target';
import { notAllowed } from './remote-cluster';
import { RemoteTarget } from './remote-target';
import type { Target } from './target';

/**
 * The local runtime, or the cluster of a context that is named: only if `vapp.yaml` allows it.
 *
 * @throws Failure `context-not-allowed`, and what reading the kubeconfig says.
 */
export async function targetOf(job: Job, repository: Repository, context: string | undefined): Promise<Target> {
  if (context !== undefined) return remoteTarget(job, repository, context);
  return new LocalTarget(job, await job.session.runtime(repository));
}

/** The same for a context alone. */
export function remoteTarget(job: Job, { root, remote }: Repository, context: string): Promise<RemoteTarget> {
  const allowed = remote.contexts.find(({ name }) => name.value === context);
  if (allowed) return RemoteTarget.open(job, allowed);
  const names = remote.contexts.map(({ name }) => name.value);
  throw notAllowed(context, names, remote.range, join(root, 'vapp.yaml'));
}
