import type { Failure, KubeWarning, PodSurroundings } from '../base';
import type { ChartReference } from '../project';
import type { ClusterAccess } from '../tools';
import type { LiveTemplate } from './live-template';

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
  /** The pods are to take changed files, as long as this is there. */
  readonly live?: LiveTemplate;
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
  /** With an explanation where something does not work although the app runs; `message` is its summary then. */
  | { readonly type: 'warning'; readonly message: string; readonly explanation?: Failure }
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
export type PodJudge = (pod: unknown, surroundings?: PodSurroundings) => Failure | undefined;

/** Decides whether a workload can never get pods, and says why; undefined: wait on. `owner` is for people. */
export type RefusalJudge = (owner: string, warnings: readonly KubeWarning[]) => Failure | undefined;

/**
 * Says why a Service leads nowhere, and by which of its fields, as a path of keys and indices; undefined: it does not.
 * `pods` are those of its namespace that are not on their way out.
 */
export type ServiceJudge = (
  service: unknown,
  pods: readonly unknown[],
) => { readonly failure: Failure; readonly field: readonly string[] } | undefined;

/** What says of the objects of one app why they do not do what they are to do. */
export interface AppJudges {
  readonly judge: PodJudge;
  readonly refusal: RefusalJudge;
  readonly serviceJudge: ServiceJudge;
}
