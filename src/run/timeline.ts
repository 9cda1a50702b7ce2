import type { LogEvent } from '../logs';
import type { Outcome, RunEvent, Span, StepId } from './types';

/** Parts of a build that are shorter say nothing, milliseconds. */
const SHORTEST_PART = 5;

/**
 * Runs a job and tells in one more event what of it took how long: when its steps have ended and the apps have written
 * their first lines, or at the end.
 *
 * @param now milliseconds since the process started.
 */
export async function withTimeline<T>(
  job: (emit: (event: RunEvent) => void) => Promise<Outcome<T>>,
  emit: (event: RunEvent) => void,
  now: () => number = () => performance.now(),
): Promise<Outcome<T>> {
  const timeline = new Timeline(performance.timeOrigin);
  let told = false;
  const tell = () => {
    if (told) return;
    told = true;
    emit({ type: 'timeline', spans: timeline.spans });
  };
  const outcome = await job((event) => {
    timeline.take(event, now());
    emit(event);
    if (timeline.complete) tell();
  });
  tell();
  return outcome;
}

/** Collects spans from the events of a job, as they arrive. */
export class Timeline {
  private readonly steps: StepSpan[] = [];
  private readonly pods = new Map<string, PodSpan>();
  private readonly deployed = new Set<string>();
  private readonly spoken = new Set<string>();
  private first: number | undefined;

  /** @param origin when the process started, milliseconds since the epoch: what the kubelet records is told by the clock. */
  constructor(private readonly origin: number) {}

  take(event: RunEvent, now: number): void {
    this.first ??= now;
    if (event.type === 'step') this.takeStep(event, now);
    else if (event.type === 'build' && event.event.type === 'step') {
      const { name, state, durationMs = 0 } = event.event.step;
      if (state === 'done' && durationMs >= SHORTEST_PART)
        this.open('build', event.app)?.parts.push({ part: name, from: now - durationMs, to: now });
    } else if (event.type === 'pod-moment') this.pod(event.app, event.pod).moments.push({ ...event, at: now });
    else if (event.type === 'log' && event.event.type === 'line') this.takeLine(event.app, event.event.line, now);
  }

  /** Whether nothing is to be waited for: all steps have ended, and every app that is new has written something. */
  get complete(): boolean {
    return (
      this.deployed.size > 0 &&
      this.steps.every(({ to }) => to !== undefined) &&
      [...this.deployed].every((app) => this.spoken.has(app))
    );
  }

  /** In the order in which they began, parts behind what they are parts of. What has not ended is not told. */
  get spans(): readonly Span[] {
    const steps = this.steps.flatMap(({ step, app, from, to, parts }) =>
      to === undefined ? [] : [withParts({ step, ...(app === undefined ? {} : { app }), from, to }, parts)],
    );
    const pods = [...this.pods.values()].flatMap((pod) => this.spansOfPod(pod));
    const start: Span[] = this.first === undefined ? [] : [{ step: 'start', from: 0, to: this.first }];
    return [start, ...steps, ...pods].sort(([a], [b]) => (a?.from ?? 0) - (b?.from ?? 0)).flat();
  }

  private takeStep({ step, app, state, message }: Extract<RunEvent, { type: 'step' }>, now: number): void {
    if (state === 'started') {
      this.steps.push({ step, app, from: now, parts: [] });
      return;
    }
    const open = this.open(step, app);
    if (!open) return;
    const last = open.parts.at(-1);
    // Parts of a build overlap and have told their end.
    if (last) last.to ??= now;
    if (state === 'progress') {
      open.parts.push({ part: message ?? '', from: now });
      return;
    }
    open.to = now;
    if (step === 'deploy' && state === 'finished' && app !== undefined) this.deployed.add(app);
  }

  private takeLine(app: string, line: Extract<LogEvent, { type: 'line' }>['line'], now: number): void {
    this.spoken.add(app);
    this.pod(app, line.pod).line ??= { recorded: Date.parse(line.timestamp) - this.origin, shown: now };
  }

  private open(step: StepId, app: string | undefined): StepSpan | undefined {
    return this.steps.findLast((span) => span.step === step && span.app === app && span.to === undefined);
  }

  private pod(app: string, name: string): PodSpan {
    const key = `${app}/${name}`;
    const pod = this.pods.get(key) ?? { app, moments: [] };
    this.pods.set(key, pod);
    return pod;
  }

  /** Of a pod that came during the job and has said something. */
  private spansOfPod({ app, moments, line }: PodSpan): readonly (readonly Span[])[] {
    const [scheduled] = moments;
    if (!line || scheduled?.moment !== 'Scheduled') return [];
    const parts: Part[] = [];
    let before = scheduled;
    for (const moment of moments) {
      const part = partBetween(before.moment, moment.moment);
      if (part === undefined) continue;
      parts.push({ part, from: before.at, to: moment.at });
      before = moment;
    }
    // The event that a container was started may arrive after its line.
    const { recorded, shown } = line;
    parts.push({ part: 'first line written', from: Math.min(before.at, recorded), to: recorded });
    parts.push({ part: 'first line on its way', from: recorded, to: shown });
    return [withParts({ step: 'pod', app, from: scheduled.at, to: shown }, parts)];
  }
}

/** What the kubelet has done between two of its events; undefined for an event that ends nothing. */
function partBetween(before: string, after: string): string | undefined {
  switch (after) {
    case 'Pulling':
      return 'sandbox';
    case 'Pulled':
      return before === 'Pulling' ? 'pull' : 'sandbox';
    case 'Created':
      return 'container created';
    case 'Started':
      return 'container started';
    default:
      return undefined;
  }
}

interface Part {
  readonly part: string;
  readonly from: number;
  to?: number;
}

interface StepSpan {
  readonly step: StepId;
  readonly app: string | undefined;
  readonly from: number;
  to?: number;
  readonly parts: Part[];
}

interface PodSpan {
  readonly app: string;
  readonly moments: { readonly moment: string; readonly at: number }[];
  line?: { readonly recorded: number; readonly shown: number };
}

function withParts(whole: Span, parts: readonly Part[]): readonly Span[] {
  const ended = [...parts].sort((a, b) => a.from - b.from);
  return [whole, ...ended.map(({ part, from, to = whole.to }) => ({ ...whole, part, from, to }))];
}
