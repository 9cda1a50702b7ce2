/** One line that one container wrote. */
export interface LogLine {
  readonly pod: string;
  readonly podUid: string;
  readonly container: string;
  /** How often the container had been restarted when it wrote this. */
  readonly restart: number;
  /** RFC 3339 with nanoseconds, as the kubelet recorded it. */
  readonly timestamp: string;
  /** Without line break; ANSI sequences are kept. */
  readonly text: string;
}

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
  /** The API cannot be reached; following goes on by itself. */
  | { readonly type: 'interrupted'; readonly message: string }
  | { readonly type: 'resumed' };
