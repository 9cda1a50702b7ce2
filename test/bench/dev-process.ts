import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { LineSplitter, type Command } from '../../src/tools';

/** A tool that runs while files are edited, and shows the app's lines. */
export class DevProcess {
  private readonly waiting = new Map<string, () => void>();
  private output = '';
  private readonly child: ChildProcess;

  constructor({ program, args, cwd, env }: Command) {
    this.child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      const lines = new LineSplitter((line) => this.onLine(line));
      stream?.on('data', (chunk: Buffer) => lines.write(chunk));
    }
  }

  /** The last that it wrote. */
  get lastOutput(): string {
    return this.output;
  }

  /** Whether a line that contains this comes within some milliseconds. @throws Error when the tool ends before. */
  line(text: string, limitMs: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const onClose = () => reject(new Error(`it ended:\n${this.output}`));
      const end = (shown: boolean) => {
        clearTimeout(timer);
        this.child.off('close', onClose);
        this.waiting.delete(text);
        resolve(shown);
      };
      const timer = setTimeout(() => end(false), limitMs);
      this.child.once('close', onClose);
      this.waiting.set(text, () => end(true));
    });
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGINT');
    await once(this.child, 'close');
  }

  private onLine(line: string): void {
    this.output = `${this.output}${line}\n`.slice(-4000);
    for (const [text, resolve] of this.waiting) if (line.includes(text)) resolve();
  }
}
