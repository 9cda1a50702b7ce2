import type { Outcome, RunEvent, StepId } from '../run';
import { LiveState, type LivePicture } from './live-state';
import { Owner } from './owner';

export type JobKind =
  'run' | 'build' | 'start' | 'stop' | 'delete' | 'deploy' | 'test' | 'uninstall' | 'rollback' | 'live';

/** What is to be done, in words for a person. */
export interface JobDescription {
  readonly kind: JobKind;
  /** E.g. `Running Seat Adjuster`. */
  readonly title: string;
  /** Ids of the apps it is about; empty: the runtime. */
  readonly apps: readonly string[];
  /** The command that begins it anew, without `velocitas.`; default: that of its kind. */
  readonly command?: string | undefined;
}

/** A step that a job is at. */
export interface CurrentStep {
  readonly step: StepId;
  readonly app?: string;
  readonly message?: string;
}

export interface RunningJob extends JobDescription {
  readonly id: number;
  /** Those that are going on side by side, the one that matters most to the user first. */
  readonly steps: readonly CurrentStep[];
  /** What has become of a live update; undefined: it is none. */
  readonly live: Pick<LiveState, 'isUp' | 'news' | 'troubles'> | undefined;
  /** It is a live update that has brought its app up and waits for changes. */
  readonly resting: boolean;
  /** Fires when the job is to end. */
  readonly signal: AbortSignal;
  cancel(): void;
}

export interface JobEvent {
  readonly job: RunningJob;
  readonly event: RunEvent;
}

export interface JobEnd {
  readonly job: RunningJob;
  readonly outcome: Outcome<unknown>;
}

/** What a job does; it ends soon after its signal has fired. */
export type JobWork<T> = (emit: (event: RunEvent) => void, signal: AbortSignal) => Promise<Outcome<T>>;

/** What is waited for at the end comes first. */
const WEIGHT: readonly StepId[] = [
  'rollout',
  'deploy',
  'push',
  'build',
  'runtime',
  'pull',
  'services',
  'bundle',
  'docker',
  'read',
];

class Job implements RunningJob {
  steps: readonly CurrentStep[] = [];
  readonly live: LiveState | undefined;
  ended: Promise<unknown> = Promise.resolve();
  private readonly stopper = new AbortController();

  constructor(
    readonly id: number,
    private readonly description: JobDescription,
    private readonly changed: () => void,
  ) {
    this.live = description.kind === 'live' ? new LiveState(changed) : undefined;
  }

  get kind(): JobKind {
    return this.description.kind;
  }

  get title(): string {
    return this.description.title;
  }

  get command(): string | undefined {
    return this.description.command;
  }

  get apps(): readonly string[] {
    return this.description.apps;
  }

  get signal(): AbortSignal {
    return this.stopper.signal;
  }

  get resting(): boolean {
    return this.live?.isUp === true && this.steps.length === 0 && !this.signal.aborted;
  }

  cancel(): void {
    const { resting } = this;
    this.stopper.abort();
    if (resting) this.changed();
  }

  /** @returns whether what is shown of it has changed. */
  take(event: RunEvent): boolean {
    if (event.type === 'step') this.steps = stepsAfter(this.steps, event);
    return this.live?.take(event) === true || event.type === 'step';
  }
}

/** What this window is doing in one folder. A new job takes the place of the one before, which is cancelled first. */
export class Jobs extends Owner {
  private readonly jobs = new Set<Job>();
  private count = 0;
  private readonly changes = this.signal();
  private readonly events = this.event<JobEvent>();
  private readonly ends = this.event<JobEnd>();

  /** Jobs began, went on or ended. */
  readonly onDidChange = this.changes.event;
  readonly onDidEmit = this.events.event;
  readonly onDidEnd = this.ends.event;

  get running(): readonly RunningJob[] {
    return [...this.jobs];
  }

  /** Those at which something is being done. */
  get busy(): readonly RunningJob[] {
    return this.running.filter(({ resting }) => !resting);
  }

  /** The live updates that are not to end. */
  get live(): readonly LivePicture[] {
    return this.running.flatMap(({ apps, live, signal }) => {
      if (!live || signal.aborted) return [];
      const { news, troubles } = live;
      return [{ apps, troubles, ...(news ? { news } : {}) }];
    });
  }

  /** Runs a job to its outcome. */
  async run<T>(description: JobDescription, work: JobWork<T>): Promise<Outcome<T>> {
    this.count += 1;
    const job = new Job(this.count, description, () => this.changes.fire());
    const before = [...this.jobs];
    this.jobs.add(job);
    const done = this.carryOut(job, before, work);
    job.ended = done;
    this.changes.fire();
    return done;
  }

  /** Cancels what fits, and waits until it has ended. */
  async cancel(fits: (job: RunningJob) => boolean): Promise<void> {
    const jobs = [...this.jobs].filter(fits);
    for (const job of jobs) job.cancel();
    await Promise.allSettled(jobs.map((job) => job.ended));
  }

  override async dispose(): Promise<void> {
    await this.cancel(() => true);
    await super.dispose();
  }

  private async carryOut<T>(job: Job, before: readonly Job[], work: JobWork<T>): Promise<Outcome<T>> {
    try {
      for (const earlier of before) earlier.cancel();
      await Promise.allSettled(before.map((earlier) => earlier.ended));
      const outcome: Outcome<T> = job.signal.aborted
        ? { status: 'cancelled' }
        : await work((event) => this.hear(job, event), job.signal);
      this.ends.fire({ job, outcome });
      return outcome;
    } finally {
      this.jobs.delete(job);
      job.live?.dispose();
      this.changes.fire();
    }
  }

  private hear(job: Job, event: RunEvent): void {
    if (job.take(event)) this.changes.fire();
    this.events.fire({ job, event });
  }
}

type StepEvent = Extract<RunEvent, { type: 'step' }>;

function stepsAfter(steps: readonly CurrentStep[], { step, app, state, message }: StepEvent): readonly CurrentStep[] {
  const isSame = (other: CurrentStep) => other.step === step && other.app === app;
  const others = steps.filter((other) => !isSame(other));
  if (state !== 'started' && state !== 'progress') return others;
  const current = { step, ...(app === undefined ? {} : { app }), ...(message === undefined ? {} : { message }) };
  return [...others, current].sort((a, b) => WEIGHT.indexOf(a.step) - WEIGHT.indexOf(b.step));
}
