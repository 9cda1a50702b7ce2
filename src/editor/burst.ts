/**
 * Does once what is asked for many times within a moment: at once, if it has not been done for that long, else when the
 * moment is over. While nobody asks nothing waits.
 */
export class Burst {
  private timer: NodeJS.Timeout | undefined;
  private lastAct = -Infinity;

  constructor(
    private readonly act: () => void,
    private readonly momentMs = MOMENT_MS,
    /** It is never done sooner than this, milliseconds. */
    private readonly leastMs = 0,
  ) {}

  /** It is done when whoever asks has ended. */
  readonly request = (): void => {
    const restMs = this.lastAct + this.momentMs - performance.now();
    this.timer ??= setTimeout(
      () => {
        this.timer = undefined;
        this.lastAct = performance.now();
        this.act();
      },
      Math.max(this.leastMs, restMs),
    );
  };

  /** What has been asked for is not done any more. */
  dispose(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}

/** Nobody sees changes sooner one by one, milliseconds. */
const MOMENT_MS = 50;
