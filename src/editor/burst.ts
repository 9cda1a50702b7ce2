/** Does once, a moment later, what is asked for many times within that moment. While nobody asks nothing waits. */
export class Burst {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly act: () => void,
    private readonly waitMs = WAIT_MS,
  ) {}

  readonly request = (): void => {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.act();
    }, this.waitMs);
  };

  /** What has been asked for is not done any more. */
  dispose(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}

/** Nobody sees changes sooner one by one, milliseconds. */
const WAIT_MS = 50;
