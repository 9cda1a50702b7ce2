import { LineSplitter, type Redactor } from '../tools';
import { decodeBase64, type SolveStatus, type Vertex, type VertexLog } from './rawjson';
import type { BuildEvent, BuildStep, LineRange } from './types';

/** Output lines kept of each step, as evidence should it fail. */
const KEPT_LINES = 30;

export interface TrackerOptions {
  readonly redactor: Redactor;
  readonly onEvent: (event: BuildEvent) => void;
  readonly linesOf?: (name: string) => LineRange | undefined;
}

interface Tracked {
  step: BuildStep;
  /** Start (ms since the epoch) → end: BuildKit may take up a vertex several times. */
  readonly intervals: Map<number, number>;
  readonly output: string[];
  readonly splitters: Map<number, LineSplitter>;
  error?: string;
}

/** Turns BuildKit's stream of states into steps and events. */
export class StepTracker {
  private readonly tracked = new Map<string, Tracked>();

  constructor(private readonly options: TrackerOptions) {}

  get steps(): readonly BuildStep[] {
    return [...this.tracked.values()]
      .map(({ step }) => this.located(step))
      .filter(({ name }) => isInstructionStep(name));
  }

  /** Whether the builder has begun at all. */
  get started(): boolean {
    return this.tracked.size > 0;
  }

  /** The step that broke the build: it has an error, and not only because others had one. */
  get failed(): { readonly step: BuildStep; readonly error: string; readonly output: readonly string[] } | undefined {
    for (const { step, error, output } of this.tracked.values()) {
      if (step.state === 'failed' && error !== undefined) return { step: this.located(step), error, output };
    }
    return undefined;
  }

  take(status: SolveStatus): void {
    for (const vertex of status.vertexes ?? []) this.takeVertex(vertex);
    for (const { vertex, id, name, current = 0, total = 0 } of status.statuses ?? []) {
      if (current === 0 && total === 0) continue;
      this.options.onEvent({ type: 'transfer', stepId: vertex, name: id || (name ?? ''), current, total });
    }
    for (const log of status.logs ?? []) this.takeLog(log);
    for (const { short, line } of status.warnings ?? []) {
      const text = this.options.redactor.redact(decodeBase64(short).toString('utf8'));
      this.options.onEvent({ type: 'warning', message: line ? `Dockerfile line ${line}: ${text}` : text });
    }
  }

  /** Hands on unfinished lines of output. */
  end(): void {
    for (const { splitters } of this.tracked.values()) for (const splitter of splitters.values()) splitter.end();
  }

  private takeVertex(vertex: Vertex): void {
    // A cache that is not there yet is no failed step: the build goes on without it.
    if (vertex.started === undefined || vertex.name?.startsWith('importing cache manifest')) return;
    const entry = this.entry(vertex.digest);
    if (vertex.completed !== undefined) {
      entry.intervals.set(Date.parse(vertex.started), Date.parse(vertex.completed));
    }
    if (vertex.error !== undefined) entry.error = this.options.redactor.redact(vertex.error);
    const previous = entry.step;
    const state = stateOf(vertex, previous.state);
    entry.step = {
      id: vertex.digest,
      name: this.options.redactor.redact(vertex.name ?? previous.name),
      state,
      ...(state === 'running' ? {} : { durationMs: sum(entry.intervals) }),
    };
    const news = previous.name === '' || state !== previous.state || entry.step.durationMs !== previous.durationMs;
    if (news) this.options.onEvent({ type: 'step', step: this.located(entry.step) });
  }

  private takeLog({ vertex, stream = 1, data }: VertexLog): void {
    const { output, splitters } = this.entry(vertex);
    let splitter = splitters.get(stream);
    if (!splitter) {
      splitter = new LineSplitter((line) => {
        const text = this.options.redactor.redact(line);
        output.push(text);
        if (output.length > KEPT_LINES) output.shift();
        this.options.onEvent({ type: 'output', stepId: vertex, text });
      });
      splitters.set(stream, splitter);
    }
    splitter.write(decodeBase64(data));
  }

  private entry(id: string): Tracked {
    let entry = this.tracked.get(id);
    if (!entry) {
      entry = { step: { id, name: '', state: 'running' }, intervals: new Map(), output: [], splitters: new Map() };
      this.tracked.set(id, entry);
    }
    return entry;
  }

  private located(step: BuildStep): BuildStep {
    const lines = this.options.linesOf?.(step.name);
    return lines ? { ...step, lines } : step;
  }
}

function stateOf(vertex: Vertex, previous: BuildStep['state']): BuildStep['state'] {
  if (vertex.error !== undefined) return /context cancell?ed/.test(vertex.error) ? 'cancelled' : 'failed';
  if (vertex.cached || previous === 'cached') return 'cached';
  return vertex.completed === undefined ? 'running' : 'done';
}

function isInstructionStep(name: string): boolean {
  return /^\[(?:[^\]]*[^\]\d])?\d+\/\d+\] /.test(name);
}

function sum(intervals: ReadonlyMap<number, number>): number {
  let total = 0;
  // A time that cannot be read makes the difference NaN, which counts as nothing.
  for (const [start, end] of intervals) total += Math.max(0, end - start) || 0;
  return total;
}
