import { isCancelled, sleep } from '../../base';
import type { LogEvent, LogRequest } from '../../logs';
import { sameRelease, sameSubject, type FeedSubject } from './feed-subject';
import { Resumption } from './resumption';

/** Where the lines come from: the core. */
export interface FeedSource {
  /** The selectors of a release's pods; none when it has no workloads. */
  selectors(subject: FeedSubject, signal: AbortSignal): Promise<readonly string[]>;
  follow(request: LogRequest): Promise<AsyncIterable<readonly LogEvent[]>>;
}

export interface FeedListener {
  received(event: LogEvent): void;
  /** Following failed; it is begun again after a while. */
  failed(error: unknown): void;
  /** There is no release any more, and nobody writes. */
  gone(): void;
}

/** How long a failed feed waits before it begins again, milliseconds; each time twice as long. */
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;

/**
 * The log of one app, for as long as the window is open. It follows the release that it is told of, and goes over to
 * another one without loss or doubles.
 */
export class AppFeed {
  private readonly resumption = new Resumption();
  private subject: FeedSubject | undefined;
  private run: Run | undefined;
  private readonly ending = new Set<Promise<void>>();

  constructor(
    private readonly source: FeedSource,
    private readonly listener: FeedListener,
    /** How many lines of each container are wanted that were written before the first that is delivered. */
    private readonly tail: () => number,
  ) {}

  /** Whether there is a release that is followed. */
  get following(): boolean {
    return this.run !== undefined;
  }

  /** Tells what is to be followed now; see `feedSubject`. */
  update(wanted: FeedSubject | 'none' | undefined): void {
    if (wanted === undefined) return;
    if (wanted === 'none') {
      if (this.subject) this.listener.gone();
      this.subject = undefined;
      this.stop();
      return;
    }
    const before = this.subject;
    if (before && sameSubject(before, wanted)) return;
    this.subject = wanted;
    if (!before || !this.run || !sameRelease(before, wanted)) this.begin(wanted);
    else if (!wanted.pending) this.run.compare(wanted);
  }

  /** Settles when all connections are closed. */
  async dispose(): Promise<void> {
    this.update('none');
    await Promise.allSettled(this.ending);
  }

  private begin(subject: FeedSubject): void {
    this.stop();
    this.run = new Run(subject, this.source, this.listener, this.resumption, this.tail);
  }

  private stop(): void {
    const { run } = this;
    this.run = undefined;
    if (!run) return;
    const ended = run.stop().finally(() => this.ending.delete(ended));
    this.ending.add(ended);
  }
}

/** Following one release. */
class Run {
  private readonly stopper = new AbortController();
  private readonly done: Promise<void>;
  /** Ends the attempt at hand, so that another one begins. */
  private attempt = new AbortController();
  private selectors: readonly string[] = [];

  constructor(
    private subject: FeedSubject,
    private readonly source: FeedSource,
    private readonly listener: FeedListener,
    private readonly resumption: Resumption,
    private readonly tail: () => number,
  ) {
    this.done = this.follow();
  }

  async stop(): Promise<void> {
    this.stopper.abort();
    await this.done;
  }

  /** Begins again if the release selects other pods now. */
  compare(subject: FeedSubject): void {
    this.subject = subject;
    const { attempt } = this;
    const signal = this.either(attempt);
    this.source.selectors(subject, signal).then(
      (selectors) => {
        if (this.subject === subject && !sameSelectors(selectors, this.selectors)) attempt.abort();
      },
      () => attempt.abort(),
    );
  }

  private async follow(): Promise<void> {
    let waitMs = FIRST_RETRY_MS;
    while (!this.stopper.signal.aborted) {
      this.attempt = new AbortController();
      const signal = this.either(this.attempt);
      try {
        const { subject } = this;
        this.selectors = await this.source.selectors(subject, signal);
        if (this.subject !== subject) continue;
        if (this.selectors.length === 0) await until(signal);
        for await (const events of await this.source.follow(this.request(signal))) {
          if (signal.aborted) break;
          waitMs = FIRST_RETRY_MS;
          for (const event of events) if (this.resumption.isNew(event)) this.listener.received(event);
        }
      } catch (error) {
        if (signal.aborted || isCancelled(error, signal)) continue;
        this.listener.failed(error);
      }
      await sleep(waitMs, signal).catch(() => undefined);
      waitMs = Math.min(waitMs * 2, LAST_RETRY_MS);
    }
  }

  private request(signal: AbortSignal): LogRequest {
    const { access, namespace } = this.subject;
    const { since } = this.resumption;
    this.resumption.begin();
    const from = since ? { since } : { tail: this.tail() };
    return { access, namespace, selectors: this.selectors, follow: true, signal, ...from };
  }

  private either(attempt: AbortController): AbortSignal {
    return AbortSignal.any([this.stopper.signal, attempt.signal]);
  }
}

/** Never resolves; rejects when the signal fires. */
function until(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = () => reject(signal.reason as Error);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

function sameSelectors(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((selector) => other.includes(selector));
}
