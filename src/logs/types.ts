import type { ClusterAccess } from '../tools';

/** Which pods to follow, and from where. */
export interface LogRequest {
  readonly access: ClusterAccess;
  readonly namespace: string;
  /** Label selectors in Kubernetes' own syntax; a pod that matches any of them belongs. None: those of `pods`. */
  readonly selectors: readonly string[];
  /** Names of the pods wanted. Default: all that the selectors select. */
  readonly pods?: readonly string[];
  /** True: go on until cancelled, also with pods that come later. False: deliver what is there, then end. */
  readonly follow: boolean;
  /** Lines older than this are left out; a number of seconds counts back from now. Default: from the pod's beginning. */
  readonly since?: Date | { readonly seconds: number };
  /** Per container: only so many last lines of what is there at the start. */
  readonly tail?: number;
  /** Names of the containers wanted. Default: all, init, sidecar and ephemeral containers included. */
  readonly containers?: readonly string[];
  /**
   * Only what each container wrote before its last restart, like `kubectl logs --previous`; nothing of a container that
   * was never restarted. Not with `follow`. Without it, what Kubernetes has of both is delivered, unless `tail` is given.
   */
  readonly previous?: boolean;
  readonly signal?: AbortSignal;
}

/** One line that one container wrote. */
export interface LogLine {
  readonly pod: string;
  readonly podUid: string;
  readonly container: string;
  /** How often the container had been restarted when it wrote this. */
  readonly restart: number;
  /** RFC 3339 in UTC with nine decimals, as the kubelet recorded it; sorts as text. */
  readonly timestamp: string;
  /** Without line break; ANSI sequences are kept, bytes that are not UTF-8 became U+FFFD. */
  readonly text: string;
  /** The line is longer than 64 KiB: the next one of this container, with the same timestamp, is its continuation. */
  readonly continues?: true;
  /**
   * No line break follows. Either the container ended so (or, without `follow`, has not finished the line yet), or the
   * container runtime lost the rest of what it wrote: Kubernetes cannot tell, and has no more.
   */
  readonly unterminated?: true;
}

/**
 * What happens to the followed containers. Events of one container come in the order in which they happened; between
 * containers the order is that of arrival.
 */
export type LogEvent =
  | { readonly type: 'line'; readonly line: LogLine }
  /** A container began or ended; `reason` as Kubernetes gives it (`Completed`, `Error`, `OOMKilled`). */
  | { readonly type: 'started'; readonly pod: string; readonly container: string; readonly restart: number }
  | {
      readonly type: 'ended';
      readonly pod: string;
      readonly container: string;
      readonly restart: number;
      readonly exitCode?: number;
      readonly reason?: string;
    }
  /** Lines were written that Kubernetes no longer has, between what came before and what comes after. */
  | {
      readonly type: 'gap';
      readonly pod: string;
      readonly container: string;
      /** The restart whose lines are missing. */
      readonly restart: number;
      readonly message: string;
      /** Timestamp of the last line delivered before the gap, if there was one. */
      readonly after?: string;
    }
  /** The API cannot be reached; following goes on by itself. */
  | { readonly type: 'interrupted'; readonly message: string }
  | { readonly type: 'resumed' };
