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

/** Decides whether a pod can never become ready, and says why; undefined: wait on. */
export type PodJudge = (pod: unknown) => Failure | undefined;
