import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { commands, extensions, type Disposable } from 'vscode';
import type { ExtensionApi } from '../../../../src/extension';
import type { LogFeeds } from '../../../../src/editor/logs/log-feeds';
import type { Command } from '../../../../src/tools';
import { LogLedger, type LogFaults } from '../../log-ledger';
import { readWritten } from '../../log-written';
import { answer, givenTask } from '../task';
import { HostWatch, type HostLoad } from './host-watch';

export interface LogsTask {
  readonly extension: string;
  /** How many pods of the app run. */
  readonly pods: number;
  /** What they are told to write, one after the other. */
  readonly orders: readonly { readonly id: number; readonly give: Command }[];
}

/** How the app's channel showed what the pods wrote by one order. */
export interface Shown {
  /** From when a line was written to when the channel had it, milliseconds, line by line; empty for a flood. */
  readonly latencies: readonly number[];
  /** In all numbers that the channel gave of lines it left out. */
  readonly omitted: number;
  /** Lost are also those that were left out. */
  readonly faults: LogFaults;
  readonly load: HostLoad;
}

export interface LogsAnswer {
  /** While the pods write a line a second each. */
  readonly idle: HostLoad;
  readonly shown: readonly Shown[];
}

const IDLE_MS = 5000;
const LIMIT_MS = 120_000;

it('measures how the channel of an app shows what its pods write', async function () {
  this.timeout(0);
  const { extension, pods, orders } = givenTask() as LogsTask;
  const found = extensions.getExtension<ExtensionApi>(extension);
  if (!found) throw new Error(`${extension} is not there`);
  const { logs, folders } = await found.activate();
  await folders.ready;
  const attached = new Arrivals(logs);
  await attached.untilAllSpoke(pods);
  attached.dispose();
  await commands.executeCommand('velocitas.showLog');
  const watch = new HostWatch();
  await sleep(IDLE_MS);
  const idle = watch.end();
  const shown: Shown[] = [];
  for (const { id, give } of orders) shown.push(await carryOut(logs, pods, id, give));
  await answer({ idle, shown } satisfies LogsAnswer);
});

/** Gives an order when each pod has been heard: else nobody knows where its lines begin, should the first be left out. */
async function carryOut(logs: LogFeeds, pods: number, id: number, give: Command): Promise<Shown> {
  const arrivals = new Arrivals(logs, id);
  let watch: HostWatch | undefined;
  try {
    await arrivals.untilAllSpoke(pods);
    watch = new HostWatch();
    await promisify(execFile)(give.program, give.args, { env: { ...process.env, ...give.env } });
    await arrivals.until('the last lines', ({ ends }) => ends >= pods);
    const { latencies, omitted, ledger } = arrivals;
    return { latencies, omitted, faults: ledger.faults, load: watch.end() };
  } finally {
    watch?.end();
    arrivals.dispose();
  }
}

/** What the channel of the app has got since this was made. */
class Arrivals implements Disposable {
  readonly ledger = new LogLedger();
  readonly latencies: number[] = [];
  omitted = 0;
  /** Last lines of the order. */
  ends = 0;
  private changed: () => void = () => undefined;
  private readonly listening: Disposable;

  constructor(
    logs: LogFeeds,
    private readonly order = 0,
  ) {
    this.listening = logs.onDidReceive(({ events }) => {
      const now = Date.now();
      for (const event of events) {
        if (event.type === 'omitted') this.omitted += event.lines;
        else if (event.type === 'line') this.note(event.line.text, now);
      }
      this.changed();
    });
  }

  async untilAllSpoke(pods: number): Promise<void> {
    await this.until('lines of all pods', ({ ledger }) => ledger.pods >= pods);
  }

  async until(what: string, condition: (arrivals: this) => boolean): Promise<void> {
    const end = Date.now() + LIMIT_MS;
    while (!condition(this)) {
      if (Date.now() > end) throw new Error(`${what} did not come within ${LIMIT_MS} ms`);
      await Promise.race([new Promise<void>((resolve) => (this.changed = resolve)), sleep(1000)]);
    }
  }

  dispose(): void {
    this.listening.dispose();
  }

  private note(text: string, now: number): void {
    const written = readWritten(text);
    if (!written) return;
    this.ledger.note(written);
    if (written.order !== this.order) return;
    if (written.at > 0 && written.kind === 'line') this.latencies.push(now - written.at);
    if (written.kind === 'last') this.ends += 1;
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
