import type { Failure } from '../base';
import type { ChartReference } from '../project';
import type { ClusterAccess } from '../tools';

export interface DeployRequest {
  readonly release: string;
  readonly namespace: string;
  /** Absolute folder of the chart. */
  readonly chartPath: string;
  readonly chart: ChartReference;
  /** Repository as the cluster names it, and digest. */
  readonly image: { readonly repository: string; readonly digest: string };
  /** Values by dotted path that we add below the user's own: service addresses, port. */
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly access: ClusterAccess;
  /** Longest wait for the rollout, milliseconds. */
  readonly timeoutMs: number;
}

export interface Workload {
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'Job';
  readonly name: string;
  readonly ready: number;
  readonly wanted: number;
}

export interface PodSummary {
  readonly name: string;
  readonly phase: string;
  readonly containers: readonly {
    readonly name: string;
    readonly ready: boolean;
    readonly restarts: number;
    readonly reason?: string;
  }[];
}

export type DeployEvent =
  | { readonly type: 'progress'; readonly message: string }
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'workload'; readonly workload: Workload }
  | { readonly type: 'pod'; readonly pod: PodSummary };

export interface DeployResult {
  readonly revision: number;
  /** False: chart, values and image are those of the running revision, and nothing was touched. */
  readonly changed: boolean;
}

export interface ReleaseStatus {
  readonly release: string;
  readonly namespace: string;
  readonly revision: number;
  /** Helm's word: deployed, failed, pending-upgrade, … */
  readonly status: string;
  readonly updated: string;
  readonly workloads: readonly Workload[];
  readonly pods: readonly PodSummary[];
}

/** What Kubernetes recorded of an object as an event of the type Warning. */
export interface KubeWarning {
  readonly reason: string;
  readonly message: string;
}

/** What is known of a pod beside itself. */
export interface PodSurroundings {
  /** Oldest first. */
  readonly warnings?: readonly KubeWarning[];
  /** Whether other pods of the workload are on their way out. */
  readonly othersLeave?: boolean;
  /** The last lines of its containers that ended. */
  readonly lastWords?: readonly string[];
  /** Whether nobody waits any longer. */
  readonly timeUp?: boolean;
}

/** Decides whether a pod can never become ready, and says why; undefined: wait on. */
export type PodJudge = (pod: unknown, surroundings?: PodSurroundings) => Failure | undefined;

/** Decides whether a workload can never get pods, and says why; undefined: wait on. `owner` is for people. */
export type RefusalJudge = (owner: string, warnings: readonly KubeWarning[]) => Failure | undefined;
