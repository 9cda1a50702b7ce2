import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { commands, extensions, type Disposable } from 'vscode';
import type { ExtensionApi } from '../../../../src/extension';
import type { LogFeeds } from '../../../../src/editor/logs/log-feeds';
import type { Command } from '../../../../src/tools';
import { LogLedger, type LogFaults } from '../../log-ledger';
import { readWritten } from '../../log-written';
import { answer, givenTask } from '../task';
import { HostWatch, MemoryWatch, type HostLoad } from './host-watch';

export interface LogsTask {
  readonly extension: string;
  /** How many pods of the app run. */
  readonly pods: number;
  /** What they are told to write, one after the other. */
  readonly orders: readonly GivenOrder[];
}

export interface GivenOrder {
  readonly id: number;
  readonly give: Command;
  /** What each pod writes by it. */
  readonly linesPerPod: number;
  /** Whether it is measured what the host holds meanwhile, at the expense of its other figures. */
  readonly memory: boolean;
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
  /** The most that the host held, MB, where it was asked for. */
  readonly held?: number;
}

export interface LogsAnswer {
  /** While the pods write a line a second each. */
  readonly idle: HostLoad & { readonly held: number };
  readonly shown: readonly Shown[];
}

const IDLE_MS = 5000;
const LIMIT_MS = 120_000;
/** More beats than a pod can have written between the first that was heard and its order. */
const BEATS_AFTER = 3;

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
  const load = watch.end();
  const memory = new MemoryWatch();
  await sleep(IDLE_MS);
  const idle = { ...load, held: memory.end() };
  const shown: Shown[] = [];
  for (const order of orders) shown.push(await carryOut(logs, pods, order));
  await answer({ idle, shown } satisfies LogsAnswer);
});

/** Gives an order when each pod has been heard: else nobody knows where its lines begin, should the first be left out. */
async function carryOut(logs: LogFeeds, pods: number, order: GivenOrder): Promise<Shown> {
  const { id, give, linesPerPod } = order;
  const arrivals = new Arrivals(logs, id);
  let watch: HostWatch | undefined;
  let memory: MemoryWatch | undefined;
  try {
    await arrivals.untilAllSpoke(pods);
    watch = new HostWatch();
    if (order.memory) memory = new MemoryWatch();
    await promisify(execFile)(give.program, give.args, { env: { ...process.env, ...give.env } });
    // A last line may be among those left out; the beats that follow are not.
    const end = linesPerPod + BEATS_AFTER;
    await arrivals.until('the last lines', ({ ends, ledger }) => ends >= pods || ledger.podsBeyond(end) >= pods);
    const held = memory?.end();
    const load = watch.end();
    // That a beat was left out, while other pods were still writing, shows with the next line of its pod.
    await arrivals.untilAllSpoke(pods);
    const { latencies, omitted, ledger } = arrivals;
    return { latencies, omitted, faults: ledger.faults, load, ...(held === undefined ? {} : { held }) };
  } finally {
    watch?.end();
    memory?.end();
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
  private readonly speakers = new Set<string>();
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

  /** Waits until something new of each pod has come. */
  async untilAllSpoke(pods: number): Promise<void> {
    this.speakers.clear();
    await this.until('lines of all pods', ({ speakers }) => speakers.size >= pods);
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
    this.speakers.add(written.pod);
    this.ledger.note(written);
    if (written.order !== this.order) return;
    if (written.at > 0 && written.kind === 'line') this.latencies.push(now - written.at);
    if (written.kind === 'last') this.ends += 1;
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
