import { releaseStatus } from '../deploy';
import { jobOf, type WorkspaceStatus } from './operations';
import type { Session } from './session';
import { outcomeOf } from './steps';
import { remoteTarget } from './targets';
import type { Outcome, RunEvent } from './types';

/** What runs in a cluster that somebody else looks after. */
export interface ContextStatus extends Pick<WorkspaceStatus, 'root' | 'apps' | 'problems'> {
  readonly context: string;
  /** Absent: each app has its own. */
  readonly namespace?: string;
  /** Where images are pushed to. */
  readonly registry: string;
}

/** What is there and what runs, in the cluster of a context that `vapp.yaml` allows. */
export function contextStatus(
  session: Session,
  context: string,
  emit: (event: RunEvent) => void,
  signal?: AbortSignal,
): Promise<Outcome<ContextStatus>> {
  return outcomeOf(async () => {
    const repository = await session.read();
    const target = await remoteTarget(jobOf(session, emit, signal), repository, context);
    const access = await target.access();
    const apps = await Promise.all(
      repository.apps.map(async (app) => {
        const { namespace } = target.placed(app);
        const release = await target.explained(() => releaseStatus({ release: app.id, namespace, access }, signal));
        return { id: app.id, name: app.name.value, ...(release ? { release } : {}) };
      }),
    );
    const { namespace, registry } = target;
    const { root, problems } = repository;
    return { root, context, ...(namespace === undefined ? {} : { namespace }), registry, apps, problems };
  }, signal);
}
