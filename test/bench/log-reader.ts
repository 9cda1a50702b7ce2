import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from '../../src/tools';
import { cpuSecondsOf } from './cpu-time';
import { LogLedger, type LogFaults } from './log-ledger';
import type { LogWriters, WritingOrder } from './log-writers';
import { readWritten, type Written } from './log-written';
import { run } from './process';

/** How one client delivered what the pods wrote by one order. */
export interface Delivery {
  /** From the first line to the last one. */
  readonly seconds: number;
  /** CPU time of the client, from the order to the last line. */
  readonly cpuSeconds: number;
  /** From when a line was written to when it arrived, milliseconds, line by line; empty for a flood. */
  readonly latencies: readonly number[];
  readonly faults: LogFaults;
}

const LIMIT_MS = 120_000;

/** A client that follows all pods, each line with when it arrived. */
export class LogReader {
  private readonly chunks: { readonly at: number; readonly data: Buffer }[] = [];
  private errors = '';
  private ended = false;
  private arrived: () => void = () => undefined;

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.on('data', (data: Buffer) => {
      this.chunks.push({ at: Date.now(), data });
      this.arrived();
    });
    child.stderr?.on('data', (data: Buffer) => (this.errors = `${this.errors}${data.toString()}`.slice(-4000)));
    child.once('close', () => {
      this.ended = true;
      this.arrived();
    });
  }

  /** What a client delivers of one order, which is given as soon as it follows all pods. */
  static async measure(command: Command, writers: LogWriters, order: WritingOrder): Promise<Delivery> {
    const { program, args, cwd, env } = command;
    const reader = new LogReader(spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] }));
    try {
      await reader.untilAttached(writers.pods);
      const before = await reader.cpuSeconds();
      await run(writers.command(order));
      await reader.untilLast(order.id, writers.pods);
      return reader.delivery(order.id, (await reader.cpuSeconds()) - before);
    } finally {
      await reader.stop();
    }
  }

  /** Every pod writes once a second: a client from which each has been heard follows them all. */
  private async untilAttached(pods: number): Promise<void> {
    const heard = new Set<string>();
    await this.until(
      () => `hear from more than ${heard.size} of ${pods} pods`,
      (data) => {
        for (const line of data.toString('latin1').split('\n')) {
          const written = readWritten(line);
          if (written) heard.add(written.pod);
        }
        return heard.size >= pods;
      },
    );
  }

  /** Only looks for the few lines that matter: whoever reads every line slows the client down. */
  private async untilLast(id: number, pods: number): Promise<void> {
    const marker = Buffer.from(`last ${id} `);
    let ends = 0;
    let before = Buffer.alloc(0);
    const what = () => `show more than ${ends} of ${pods} last lines`;
    await this.until(what, (chunk) => {
      const data = Buffer.concat([before, chunk]);
      for (let at = data.indexOf(marker); at >= 0; at = data.indexOf(marker, at + 1)) ends += 1;
      before = data.subarray(Math.max(0, data.length - marker.length + 1));
      return ends >= pods;
    });
  }

  private async until(what: () => string, sees: (data: Buffer) => boolean): Promise<void> {
    const end = Date.now() + LIMIT_MS;
    for (let next = 0; ;) {
      for (; next < this.chunks.length; next += 1) if (sees(this.chunks[next]!.data)) return;
      if (this.ended || Date.now() > end) {
        const heard = `${((Date.now() - (this.chunks.at(-1)?.at ?? 0)) / 1000).toFixed(1)} s ago`;
        const which = `${basename(this.child.spawnfile)}, heard last ${heard},`;
        throw new Error(`${which} did not ${what()}:\n${this.errors}`);
      }
      await Promise.race([new Promise<void>((resolve) => (this.arrived = resolve)), sleep(1000)]);
    }
  }

  private cpuSeconds(): Promise<number> {
    const { pid } = this.child;
    if (pid === undefined) throw new Error('the client did not start');
    return cpuSecondsOf(pid);
  }

  private async stop(): Promise<void> {
    if (this.ended) return;
    const closed = once(this.child, 'close');
    this.child.kill('SIGINT');
    await closed;
  }

  private delivery(id: number, cpuSeconds: number): Delivery {
    const ledger = new LogLedger();
    const latencies: number[] = [];
    let [first, last] = [Infinity, 0];
    for (const { written, at } of this.arrivals()) {
      ledger.note(written);
      if (written.order !== id) continue;
      first = Math.min(first, at);
      last = at;
      if (written.at > 0) latencies.push(at - written.at);
    }
    return { seconds: (last - first) / 1000, cpuSeconds, latencies, faults: ledger.faults };
  }

  private *arrivals(): Generator<{ readonly written: Written; readonly at: number }> {
    let rest = '';
    for (const { at, data } of this.chunks) {
      const lines = (rest + data.toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const written = readWritten(line);
        if (written) yield { written, at };
      }
    }
  }
}
