import type { Output } from './renderer';

/**
 * Writes in one piece what is written in one go: a flood of log lines costs a tool more in the writing of each than in
 * anything else. It is written before anything that was waited for goes on, so nobody sees it later.
 */
export class GatheredOutput implements Output {
  private gathered = '';

  constructor(private readonly output: Output) {}

  get isTTY(): boolean {
    return this.output.isTTY;
  }

  get columns(): number {
    return this.output.columns;
  }

  write(text: string): void {
    if (this.gathered === '') queueMicrotask(() => this.flush());
    this.gathered += text;
  }

  /** Writes now what is here. */
  flush(): void {
    const { gathered } = this;
    this.gathered = '';
    if (gathered !== '') this.output.write(gathered);
  }
}
