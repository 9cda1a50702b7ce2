import { isCancelled, sleep } from '../base';
import { followLogs, type LogEvent } from '../logs';
import { isLiveUpdateHelper } from '../deploy';
import type { App } from '../project';
import type { ClusterAccess } from '../tools';
import type { Job } from './images';

/** How far a run goes on with the logs; see `RunRequest.follow`. */
export type FollowMode = 'forever' | 'first-line' | 'none';

/** After its first line an app gets this long for the lines that belong to it, before `first-line` ends. */
const FIRST_LINES_MS = 1000;
/** An app need not write anything: `first-line` waits no longer than this for it. */
const SILENCE_MS = 15_000;

/**
 * The log of one app during a run. It starts with the rollout and not after it, so that the lines of a pod that never
 * becomes ready are seen too.
 */
export class AppLog {
  private readonly stopper = new AbortController();
  private following: Promise<void> | undefined;
  private firstLine: () => void = () => undefined;
  private readonly sawLine = new Promise<void>((resolve) => (this.firstLine = resolve));

  constructor(
    private readonly job: Job,
    private readonly app: App,
    private readonly access: ClusterAccess,
    private readonly mode: FollowMode,
  ) {}

  /** Begins to follow; `since` leaves out what older pods wrote, `tail` limits what is repeated of a running one. */
  start(selectors: readonly string[], from: { since?: Date; tail?: number }): void {
    if (this.mode === 'none' || this.following) return;
    this.following = this.follow(selectors, from);
    // Looked at in end(); a deploy that fails first must not turn this into an unhandled rejection.
    this.following.catch(() => undefined);
  }

  /** Waits for as long as the mode says. The job is done by then: a fired signal ends this without being an error. */
  async end(): Promise<void> {
    if (!this.following) return;
    if (this.mode === 'forever') return this.following;
    const limit = new AbortController();
    const linger = this.sawLine.then(() => sleep(FIRST_LINES_MS, limit.signal));
    const silence = sleep(SILENCE_MS, limit.signal).then(() => {
      this.job.emit({
        type: 'warning',
        app: this.app.id,
        message: `${this.app.id} is running but has not written a line yet.`,
      });
    });
    for (const wait of [linger, silence]) wait.catch(() => undefined);
    await Promise.race([this.following, linger, silence]);
    limit.abort();
    await this.stop();
  }

  /** Ends following and waits until its connections are closed. */
  async stop(): Promise<void> {
    this.stopper.abort();
    await this.following?.catch(() => undefined);
  }

  private async follow(selectors: readonly string[], from: { since?: Date; tail?: number }): Promise<void> {
    const signal = this.job.signal ? AbortSignal.any([this.job.signal, this.stopper.signal]) : this.stopper.signal;
    try {
      const events = followLogs({
        access: this.access,
        namespace: this.app.namespace,
        selectors,
        follow: true,
        signal,
        ...from,
      });
      for await (const batch of events) for (const event of batch) this.take(event);
    } catch (error) {
      if (!isCancelled(error, signal)) throw error;
    }
  }

  private take(event: LogEvent): void {
    if ('container' in event && isLiveUpdateHelper(event.container)) return;
    this.job.emit({ type: 'log', app: this.app.id, event });
    if (event.type === 'line') this.firstLine();
  }
}
