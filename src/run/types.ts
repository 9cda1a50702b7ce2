import type { BuildEvent, BuiltImage } from '../build';
import type { Failure } from '../base';
import type { LogEvent } from '../logs';
import type { PodSummary, Workload } from '../deploy';
import type { RuntimeEvent } from '../runtime';

/** The steps of the main job, in the order in which they are shown. Some run side by side. */
export type StepId =
  'read' | 'docker' | 'runtime' | 'build' | 'push' | 'pull' | 'services' | 'deploy' | 'rollout' | 'test' | 'bundle';

export type StepState = 'started' | 'progress' | 'finished' | 'skipped' | 'failed' | 'cancelled';

/**
 * Everything that happens, as one stream. Tree, status bar, output, terminal text and JSON are renderings of it.
 * `app` is the id of the app concerned; absent where the event concerns the workspace.
 */
export type RunEvent =
  | {
      readonly type: 'step';
      readonly step: StepId;
      readonly app?: string;
      readonly state: StepState;
      /** What happens or happened, in a few words: `pushed sha256:4f…, 96 MB`. */
      readonly message?: string;
      /** Milliseconds since the step started; present when it has ended. */
      readonly durationMs?: number;
      readonly failure?: Failure;
    }
  | { readonly type: 'build'; readonly app: string; readonly event: BuildEvent }
  | { readonly type: 'image'; readonly app: string; readonly image: BuiltImage; readonly reference?: string }
  | { readonly type: 'runtime'; readonly event: RuntimeEvent }
  | { readonly type: 'workload'; readonly app: string; readonly workload: Workload }
  | { readonly type: 'pod'; readonly app: string; readonly pod: PodSummary }
  | { readonly type: 'log'; readonly app: string; readonly event: LogEvent }
  /** For a timeline: Kubernetes' reason of an event about a pod, such as `Pulling`, told when it arrives. */
  | { readonly type: 'pod-moment'; readonly app: string; readonly pod: string; readonly moment: string }
  | { readonly type: 'timeline'; readonly spans: readonly Span[] }
  | LiveEvent
  | {
      readonly type: 'warning';
      readonly app?: string;
      readonly message: string;
      /** Where something does not work although the job went on: cause, place and what to do. */
      readonly explanation?: Failure;
    };

/**
 * What took how long. Spans may overlap: what runs side by side is told so. Times are milliseconds since the process
 * started.
 */
export interface Span {
  /** A step; `start`: the process until its first event; `pod`: from its node to its first line shown. */
  readonly step: StepId | 'start' | 'pod';
  /** Of what the step consists: `exporting to image`, `helm upgrade --install app`, `pull`. */
  readonly part?: string;
  readonly app?: string;
  readonly from: number;
  readonly to: number;
}

/** Which way changed files take during a live update. */
export interface LiveEvent {
  readonly type: 'live';
  readonly app: string;
  /** Into the running containers; by a new image; or nowhere, because no image has them. */
  readonly way: 'live' | 'image' | 'none';
  /** Relative to the repository, with slashes. */
  readonly files: readonly string[];
  /** Why it takes a new image. */
  readonly why?: string;
  /** From the moment when the change was noticed until the programs had been started anew, milliseconds. */
  readonly durationMs?: number;
  /** Names of the pods that have it. */
  readonly pods?: readonly string[];
}

/** How a job ended. A failure is a value here, and cancelling is not one. */
export type Outcome<T = void> =
  | { readonly status: 'done'; readonly value: T }
  | { readonly status: 'failed'; readonly failure: Failure }
  | { readonly status: 'cancelled' };
