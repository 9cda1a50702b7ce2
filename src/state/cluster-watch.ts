import { setMaxListeners } from 'node:events';
import { Failure, isCancelled, messageOf, sleep } from '../base';
import { COLLECTIONS, Warnings, workloadPath, type WorkloadKind } from '../deploy';
import { Reflector, type ClusterAccess, type WatchableApi } from '../tools';
import {
  nodeFacts,
  podFacts,
  releaseFacts,
  serviceFacts,
  workloadFacts,
  type ClusterFacts,
  type NodeFacts,
  type PodFacts,
  type ReleaseFacts,
  type ServiceFacts,
  type WorkloadFacts,
} from './cluster-facts';
import { share } from './share';

/** The part of `KubeApi` by which a cluster is watched. */
export type ClusterApi = WatchableApi & { close(): void };

export interface ClusterWatchOptions {
  readonly access: ClusterAccess;
  readonly namespaces: readonly string[];
  readonly openApi: (access: ClusterAccess) => Promise<ClusterApi>;
  readonly onChange: () => void;
}

/**
 * What a cluster holds, by watches. Whoever opens one closes it.
 */
export class ClusterWatch {
  private readonly stop = new AbortController();
  private readonly done: Promise<void>;
  private current: Collections | undefined;
  private broken: Failure | undefined;

  constructor(private readonly options: ClusterWatchOptions) {
    this.done = this.run();
  }

  /** Undefined until everything has been listed, and again when the cluster cannot be reached for long. */
  get facts(): ClusterFacts | undefined {
    return this.current?.synced ? this.current.facts() : undefined;
  }

  /** Why there are no facts, when it takes more than a moment. */
  get failure(): Failure | undefined {
    return this.current?.synced ? undefined : this.broken;
  }

  /** Ends all watches and closes their connections. */
  async close(): Promise<void> {
    this.stop.abort();
    await this.done;
  }

  private async run(): Promise<void> {
    const { signal } = this.stop;
    let waitMs = SHORTEST_WAIT_MS;
    while (!signal.aborted) {
      try {
        await this.follow(signal);
      } catch (error) {
        if (isCancelled(error, signal)) return;
        if (this.current?.synced) waitMs = SHORTEST_WAIT_MS;
        this.broken = error instanceof Failure ? error : unfollowable(error);
      }
      this.current = undefined;
      this.options.onChange();
      // The next attempt reads the kubeconfig anew: the cluster may be another one of the same name.
      await sleep(waitMs, signal).catch(() => undefined);
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    }
  }

  /** Never resolves. */
  private async follow(signal: AbortSignal): Promise<void> {
    const { access, namespaces, openApi, onChange } = this.options;
    const api = await openApi(access);
    const round = new AbortController();
    const either = AbortSignal.any([signal, round.signal]);
    // Each collection listens to it; that many are no leak.
    setMaxListeners(0, either);
    const collections = new Collections(api, namespaces);
    this.current = collections;
    const following = collections.all.map((collection) => collection.follow(onChange, either));
    try {
      await Promise.all(following);
    } finally {
      round.abort();
      await Promise.allSettled(following);
      api.close();
    }
  }
}

const SHORTEST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
const MANAGED_BY_HELM = { labelSelector: 'app.kubernetes.io/managed-by=Helm' };
const RELEASE_SECRETS = { labelSelector: 'owner=helm', fieldSelector: 'type=helm.sh/release.v1' };

class Collections {
  readonly all: readonly Pick<Warnings, 'synced' | 'follow'>[];
  private readonly nodes: Reflector<NodeFacts>;
  private readonly pods: readonly Reflector<PodFacts>[];
  private readonly workloads: readonly Reflector<WorkloadFacts>[];
  private readonly services: readonly Reflector<ServiceFacts>[];
  private readonly warnings: Warnings;
  private readonly releases: readonly Reflector<ReleaseFacts>[];

  constructor(api: WatchableApi, namespaces: readonly string[]) {
    this.nodes = new Reflector(api, '/api/v1/nodes', nodeFacts);
    this.pods = namespaces.map((namespace) => new Reflector(api, `/api/v1/namespaces/${namespace}/pods`, knownPod));
    this.warnings = new Warnings(api, namespaces, 'Pod');
    this.services = namespaces.map(
      (namespace) =>
        new Reflector(api, `/api/v1/namespaces/${namespace}/services`, serviceFacts, { query: MANAGED_BY_HELM }),
    );
    this.workloads = namespaces.flatMap((namespace) =>
      KINDS.map(
        (kind) =>
          new Reflector(api, workloadPath(kind, namespace), (object) => workloadFacts(kind, object), {
            query: MANAGED_BY_HELM,
          }),
      ),
    );
    this.releases = namespaces.map(
      (namespace) =>
        new Reflector(api, `/api/v1/namespaces/${namespace}/secrets`, releaseFacts, {
          query: RELEASE_SECRETS,
          metadataOnly: true,
        }),
    );
    this.all = [this.nodes, ...this.pods, this.warnings, ...this.services, ...this.workloads, ...this.releases];
  }

  get synced(): boolean {
    return this.all.every(({ synced }) => synced);
  }

  facts(): ClusterFacts {
    return {
      nodes: [...this.nodes.objects.values()],
      pods: valuesOf(this.pods),
      workloads: valuesOf(this.workloads),
      services: valuesOf(this.services),
      releases: valuesOf(this.releases),
      warningsOf: (uid) => this.warnings.of(uid),
    };
  }
}

/** What does not change of a pod stays the same object, so that nobody has to look into it to see that. */
function knownPod(object: unknown, before: PodFacts | undefined): PodFacts {
  return share(before, podFacts(object));
}

const KINDS = Object.keys(COLLECTIONS) as WorkloadKind[];

function valuesOf<T>(collections: readonly Reflector<T>[]): T[] {
  return collections.flatMap(({ objects }) => [...objects.values()]);
}

function unfollowable(error: unknown): Failure {
  return new Failure({
    code: 'cluster-not-followed',
    fault: 'environment',
    summary: `The local runtime's Kubernetes cannot be followed: ${messageOf(error)}`,
    cause: error,
  });
}
