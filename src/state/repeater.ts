/** Runs a job on demand, never twice at the same time: whatever is demanded during a run makes one more. */
export class Repeater {
  private running: Promise<void> | undefined;
  private demands = 0;

  constructor(private readonly job: () => Promise<void>) {}

  /** Settles when a run has ended that began after this demand. */
  request(): Promise<void> {
    this.demands += 1;
    this.running ??= this.run();
    return this.running;
  }

  private async run(): Promise<void> {
    try {
      let met: number;
      do {
        met = this.demands;
        await this.job();
      } while (met !== this.demands);
    } finally {
      this.running = undefined;
    }
  }
}
