import type { WorkspacePicture } from '../../state';
import type { ClusterAccess } from '../../tools';

/** The release whose pods a feed follows, as far as it decides what is to be followed. */
export interface FeedSubject {
  readonly access: ClusterAccess;
  readonly release: string;
  readonly namespace: string;
  readonly revision: number;
  /** When the revision was begun. */
  readonly updated: string;
  /** Helm is about to install or change it: which pods it will have is not settled. */
  readonly pending: boolean;
  /** Changes when the release's workloads may have become others. */
  readonly shape: string;
}

/**
 * What the feed of an app is to follow by a picture: `none` when there is certainly nothing, undefined when it is not
 * known at the moment and a feed goes on as it is, as it does while a runtime is stopped.
 */
export function feedSubject({ runtime, apps }: WorkspacePicture, id: string): FeedSubject | 'none' | undefined {
  if (runtime.state === 'absent') return 'none';
  if (!runtime.followed || !runtime.access) return undefined;
  const app = apps.find((candidate) => candidate.id === id);
  if (!app?.release) return 'none';
  const { revision, updated, status } = app.release;
  const workloads = app.workloads.map(({ kind, name }) => `${kind}/${name}`).sort();
  return {
    access: runtime.access,
    release: app.id,
    namespace: app.namespace,
    revision,
    updated,
    pending: status.startsWith('pending-'),
    shape: [status, ...workloads].join(' '),
  };
}

/** Whether nothing has changed that could change what is followed. */
export function sameSubject(one: FeedSubject, other: FeedSubject): boolean {
  return sameRelease(one, other) && one.revision === other.revision && one.shape === other.shape;
}

/** Whether it is one release going on: not one of the same name in another cluster, or one installed anew. */
export function sameRelease(before: FeedSubject, now: FeedSubject): boolean {
  return (
    before.access.kubeconfig === now.access.kubeconfig &&
    before.access.context === now.access.context &&
    before.namespace === now.namespace &&
    (before.revision < now.revision || (before.revision === now.revision && before.updated === now.updated))
  );
}
