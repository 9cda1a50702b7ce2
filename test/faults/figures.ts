import { summarise } from '../bench/statistics';
import { saveFigures } from '../support/figures';
import type { Follower } from './follower';
import type { VappEnd } from './machine';

interface Kind {
  injections: number;
  /** There was nothing to strike at, such as a process that had ended. */
  missed: number;
  done: number;
  cancelled: number;
  killed: number;
  /** How often each failure was told, by its code. */
  readonly failures: Map<string, number>;
  /** From the fault to the end of the run, and how long the next run took, milliseconds. */
  readonly ends: number[];
  readonly recoveries: number[];
}

/** What the faults came to: for each kind how the run ended that it struck, and how long the next one took. */
export class FaultFigures {
  private readonly kinds = new Map<string, Kind>();
  private lines = 0;
  private interruptions = 0;
  private lost = 0;
  private unwrittenLines = 0;
  private readonly failed: string[] = [];

  /**
   * @param hit whether there was something to strike at.
   * @param endMs from the fault to the end of the run it struck, milliseconds.
   * @param recoveryMs how long the run took that came next, milliseconds.
   */
  count(name: string, hit: boolean, { outcome }: VappEnd, endMs: number, recoveryMs: number): void {
    const kind = this.kinds.get(name) ?? newKind();
    this.kinds.set(name, kind);
    kind.injections += 1;
    if (!hit) kind.missed += 1;
    kind.ends.push(endMs);
    kind.recoveries.push(recoveryMs);
    const failure = outcome?.failure?.code;
    if (failure !== undefined) kind.failures.set(failure, (kind.failures.get(failure) ?? 0) + 1);
    else if (outcome?.status === 'done') kind.done += 1;
    else if (outcome?.status === 'cancelled') kind.cancelled += 1;
    else kind.killed += 1;
  }

  /** A fault was not survived. */
  fail(title: string): void {
    this.failed.push(title);
  }

  countLines({ ledger, interruptions }: Follower): void {
    this.lines += ledger.lines;
    this.interruptions += interruptions;
  }

  /** The last lines of so many pods are in no log, or went with the pod while nobody could reach it, which was told. */
  unreadable(pods: number): void {
    this.lost += pods;
  }

  /** So many lines were lost before anybody could read them: containerd had no room to write them down. */
  unwritten(lines: number): void {
    this.unwrittenLines += lines;
  }

  /** Prints the table; the figures of a full run are kept. */
  async save(options: { readonly seed: number; readonly full: boolean; readonly print: boolean }): Promise<void> {
    const { seed, full, print } = options;
    const rows = [...this.kinds].sort(([a], [b]) => a.localeCompare(b)).map(([name, kind]) => rowOf(name, kind));
    const injections = [...this.kinds.values()].reduce((sum, kind) => sum + kind.injections, 0);
    const failed = this.failed.length === 0 ? '' : ` Not survived: ${this.failed.join('; ')}.`;
    const note = `${injections} faults survived, seed ${seed}.${failed} ${this.lines} lines of the log were delivered through ${this.interruptions} interruptions, none missing, none doubled. Of ${this.lost} pods the last lines were not kept by containerd, which was down, or removed by Kubernetes while it could not be reached, which was told; ${this.unwrittenLines} lines were never written down, because containerd had no room for them.`;
    await saveFigures('faults', { columns: COLUMNS, rows, notes: [note] }, { keep: full, print });
  }
}

function newKind(): Kind {
  return { injections: 0, missed: 0, done: 0, cancelled: 0, killed: 0, failures: new Map(), ends: [], recoveries: [] };
}

const COLUMNS = ['fault', 'injected', 'missed', 'run', 'failures told', 'run ended after, s', 'next run took, s'];

function rowOf(name: string, { injections, missed, done, cancelled, killed, failures, ends, recoveries }: Kind) {
  const endings = [
    ...(done > 0 ? [`${done} went through`] : []),
    ...(cancelled > 0 ? [`${cancelled} cancelled`] : []),
    ...(killed > 0 ? [`${killed} killed`] : []),
    ...(failures.size > 0 ? [`${[...failures.values()].reduce((sum, times) => sum + times, 0)} failed`] : []),
  ];
  const told = [...failures].sort().map(([code, times]) => (times > 1 ? `${code} ×${times}` : code));
  return [name, injections, missed, endings.join(', '), told.join(', '), spread(ends), spread(recoveries)];
}

/** Median and longest of times in milliseconds, as seconds. */
function spread(times: readonly number[]): string {
  const { median, max } = summarise(times);
  return `${(median / 1000).toFixed(1)} (at most ${(max / 1000).toFixed(1)})`;
}
