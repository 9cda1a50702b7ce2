import type { Outcome, RunEvent, StepId } from '../run';
import { Owner } from './owner';

export type JobKind = 'run' | 'build' | 'start' | 'stop' | 'delete' | 'deploy' | 'test' | 'uninstall' | 'rollback';

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

type Work<T> = (emit: (event: RunEvent) => void, signal: AbortSignal) => Promise<Outcome<T>>;

/** What is waited for at the end comes first. */
const WEIGHT: readonly StepId[] = [
  'rollout',
  'deploy',
  'push',
  'build',
  'runtime',
  'services',
  'bundle',
  'docker',
  'read',
];

class Job implements RunningJob {
  steps: readonly CurrentStep[] = [];
  ended: Promise<unknown> = Promise.resolve();
  private readonly stopper = new AbortController();

  constructor(
    readonly id: number,
    private readonly description: JobDescription,
  ) {}

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

  cancel(): void {
    this.stopper.abort();
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

  /** Runs a job to its outcome. */
  async run<T>(description: JobDescription, work: Work<T>): Promise<Outcome<T>> {
    this.count += 1;
    const job = new Job(this.count, description);
    const before = [...this.jobs];
    this.jobs.add(job);
    const done = this.carryOut(job, before, work);
    job.ended = done;
    this.changes.fire();
    return done;
  }

  override async dispose(): Promise<void> {
    const jobs = [...this.jobs];
    for (const job of jobs) job.cancel();
    await Promise.allSettled(jobs.map((job) => job.ended));
    await super.dispose();
  }

  private async carryOut<T>(job: Job, before: readonly Job[], work: Work<T>): Promise<Outcome<T>> {
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
      this.changes.fire();
    }
  }

  private hear(job: Job, event: RunEvent): void {
    if (event.type === 'step') {
      job.steps = stepsAfter(job.steps, event);
      this.changes.fire();
    }
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
