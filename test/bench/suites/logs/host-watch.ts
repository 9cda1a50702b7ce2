import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';

/** How an extension host has fared over a while. */
export interface HostLoad {
  /** How late its event loop came to what was due, milliseconds: of a hundred times the second worst, and the worst. */
  readonly delayP99: number;
  readonly delayMax: number;
  /** By how much its memory was above that of the beginning at its highest, MB. */
  readonly memoryGrowth: number;
}

const RESOLUTION_MS = 10;
const SAMPLE_MS = 50;

/** Watches the process that it is in. */
export class HostWatch {
  private readonly delay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private readonly memoryBefore = process.memoryUsage.rss();
  private highest = this.memoryBefore;
  private readonly sampling: NodeJS.Timeout;

  constructor() {
    this.delay.enable();
    this.sampling = setInterval(() => {
      this.highest = Math.max(this.highest, process.memoryUsage.rss());
    }, SAMPLE_MS);
  }

  /** Ends the watch. */
  end(): HostLoad {
    this.delay.disable();
    clearInterval(this.sampling);
    // What Node records is the time between two ticks of its timer.
    const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
    return {
      delayP99: late(this.delay.percentile(99)),
      delayMax: late(this.delay.max),
      memoryGrowth: (this.highest - this.memoryBefore) / 1e6,
    };
  }
}
