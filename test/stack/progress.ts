import { isCancelled, messageOf } from '../../src/base';
import type { Progress } from './types';

const FRAME_MS = 120;
const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/** Without a terminal, a part that takes longer shows that it lives this often. */
const SIGN_OF_LIFE_MS = 20_000;

interface RunningPart {
  readonly name: string;
  readonly started: number;
  detail: string;
  lastShown: number;
}

export interface ProgressOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Says nothing. */
export const silentProgress: Progress = { part: (_name, work) => work(() => undefined), note: () => undefined };

/** Running parts with a spinner at the foot of a terminal, finished ones above it; plain lines anywhere else. */
export class ConsoleProgress implements Progress {
  private readonly running = new Set<RunningPart>();
  private readonly live: boolean;
  private timer: NodeJS.Timeout | undefined;
  private shownLines = 0;
  private frame = 0;

  constructor(private readonly output: ProgressOutput = process.stderr) {
    this.live = output.isTTY === true;
  }

  async part<T>(name: string, work: (report: (detail: string) => void) => Promise<T>): Promise<T> {
    const part: RunningPart = { name, started: Date.now(), detail: '', lastShown: Date.now() };
    this.running.add(part);
    this.startTimer();
    try {
      const result = await work((detail) => (part.detail = detail));
      this.finish(part, '✓', part.detail);
      return result;
    } catch (error) {
      this.finish(part, isCancelled(error) ? '-' : '✗', isCancelled(error) ? 'cancelled' : messageOf(error));
      throw error;
    }
  }

  note(line: string): void {
    this.print(`  ${line}`);
  }

  private finish(part: RunningPart, mark: string, detail: string): void {
    this.running.delete(part);
    if (this.running.size === 0) this.stopTimer();
    this.print(`${mark} ${part.name} ${seconds(part)}${detail ? `  ${detail}` : ''}`);
  }

  private print(line: string): void {
    this.erase();
    this.output.write(`${line}\n`);
    this.draw();
  }

  private startTimer(): void {
    this.timer ??= setInterval(() => this.tick(), this.live ? FRAME_MS : 1000);
  }

  private stopTimer(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private tick(): void {
    this.frame++;
    if (this.live) {
      this.erase();
      this.draw();
      return;
    }
    for (const part of this.running) {
      if (Date.now() - part.lastShown < SIGN_OF_LIFE_MS) continue;
      part.lastShown = Date.now();
      this.output.write(`… ${part.name} ${seconds(part)}${part.detail ? `  ${part.detail}` : ''}\n`);
    }
  }

  private erase(): void {
    if (this.shownLines > 0) this.output.write(`\x1b[${this.shownLines}A\x1b[J`);
    this.shownLines = 0;
  }

  private draw(): void {
    if (!this.live) return;
    const width = (this.output.columns ?? 80) - 1;
    const spinner = SPINNER[this.frame % SPINNER.length] ?? '';
    const lines = [...this.running].map((part) =>
      `${spinner} ${part.name} ${seconds(part)}  ${part.detail}`.replace(/\s+/g, ' ').slice(0, width),
    );
    if (lines.length > 0) this.output.write(`${lines.join('\n')}\n`);
    this.shownLines = lines.length;
  }
}

function seconds(part: RunningPart): string {
  return `${((Date.now() - part.started) / 1000).toFixed(1)} s`;
}
