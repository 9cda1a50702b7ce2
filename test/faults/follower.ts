import { sleep } from '../../src/base';
import type { JsonEvent } from '../e2e/support/workspace';
import { Ledger } from './ledger';
import { linesInCluster } from './checks';
import type { FaultMachine, RunningVapp } from './machine';

/** Longest wait until what Kubernetes has of the log has been delivered. */
const CATCH_UP_MS = 60_000;

/** A `vapp logs` that runs through the faults, with the books of what it delivers. */
export class Follower {
  readonly ledger = new Ledger();
  private running: RunningVapp | undefined;
  private ended: string | undefined;
  /** How often it was told that following was interrupted, or that lines are missing which nobody has any more. */
  interruptions = 0;
  private begun: () => void = () => undefined;
  /** Settles with the first line delivered; who stops the runtime before has nobody who follows. */
  readonly hasBegun = new Promise<void>((resolve) => (this.begun = resolve));

  constructor(private readonly machine: FaultMachine) {
    this.running = machine.vapp(['logs'], (event) => this.take(event));
    void this.running.done.then(({ outcome, stderr }) => {
      this.ended = `${JSON.stringify(outcome)} ${stderr}`;
      this.begun();
    });
  }

  private take(event: JsonEvent): void {
    if (event.type !== 'log') return;
    if (event.event.type === 'line') {
      this.ledger.take(event.event.line.text, event.event.line.timestamp);
      this.begun();
    }
    if (event.event.type === 'interrupted' || event.event.type === 'gap') this.interruptions += 1;
  }

  /**
   * Waits until it has delivered what Kubernetes has now.
   *
   * @param forgives whether lines may have been lost that were never written down; so many may be missing.
   * @returns what it failed to deliver, and what was wrong.
   */
  async catchUp(forgives = false): Promise<{ readonly problems: string[]; readonly unwritten: number }> {
    const numbers = await linesInCluster(this.machine);
    const wanted = [...numbers].map(([run, counts]) => [run, counts.at(-1) ?? 0] as const);
    const missing = () => wanted.filter(([run, lines]) => this.ledger.received(run) < lines);
    for (let waited = 0; missing().length > 0 && waited < CATCH_UP_MS && !this.ended; waited += 100) await sleep(100);
    const unwritten = forgives ? this.ledger.forgiveMissing(numbers) : 0;
    const problems = [
      ...this.ledger.takeProblems(),
      ...missing().map(([run, lines]) => `of ${lines} lines of ${run} came ${this.ledger.received(run)}`),
      ...(this.ended === undefined ? [] : [`following ended: ${this.ended}`]),
    ];
    return { problems, unwritten };
  }

  async stop(): Promise<void> {
    await this.running?.kill('INT');
    await this.running?.done;
    this.running = undefined;
  }
}
