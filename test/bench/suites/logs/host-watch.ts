import { collectGarbage, memoryHeld } from '../memory';
import { quantile } from '../../quantile';
import { workedMs } from '../worked';

/** How an extension host has fared over a while. */
export interface HostLoad {
  /** How late its event loop came to what was due, milliseconds: of a hundred times the second worst, and the worst. */
  readonly delayP99: number;
  readonly delayMax: number;
  /**
   * The same for what its thread itself was at work meanwhile: neither it nor what it waits for, such as the helpers of
   * the garbage collector, waited for a processor that others had.
   */
  readonly ownDelayP99: number;
  /** Its memory at its highest, MB, with garbage that was not collected yet. */
  readonly resident: number;
}

const RESOLUTION_MS = 10;

/** Watches the process that it is in. */
export class HostWatch {
  private readonly delays: number[] = [];
  private readonly ownDelays: number[] = [];
  private resident = process.memoryUsage.rss();
  private lookedAt = performance.now();
  private worked = workedMs();
  private readonly looking = setInterval(() => this.look(), RESOLUTION_MS);

  /** Ends the watch. */
  end(): HostLoad {
    clearInterval(this.looking);
    this.look();
    return {
      delayP99: quantile(this.delays, 0.99),
      delayMax: Math.max(...this.delays),
      ownDelayP99: quantile(this.ownDelays, 0.99),
      resident: this.resident / 1e6,
    };
  }

  private look(): void {
    const [now, worked] = [performance.now(), workedMs()];
    const delay = Math.max(0, now - this.lookedAt - RESOLUTION_MS);
    this.delays.push(delay);
    this.ownDelays.push(Math.min(delay, worked - this.worked));
    this.lookedAt = now;
    this.worked = worked;
    this.resident = Math.max(this.resident, process.memoryUsage.rss());
  }
}

const COLLECT_EVERY_MS = 250;

/** Watches how much the process that it is in holds, by collecting garbage again and again; that makes it late. */
export class MemoryWatch {
  private highest = 0;
  private readonly looking = setInterval(() => this.look(), COLLECT_EVERY_MS);

  /** Ends the watch; answers the most that was held, MB. */
  end(): number {
    clearInterval(this.looking);
    this.look();
    return this.highest;
  }

  private look(): void {
    collectGarbage();
    this.highest = Math.max(this.highest, memoryHeld());
  }
}
