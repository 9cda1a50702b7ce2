import type { StackContext } from '../stack/types';
import type { TestBed } from './bed';
import { inExtensionHost, ourExtension } from './extension-host';
import { KUBECTL, STERN, logClients } from './log-clients';
import { faultsText, type LogFaults } from './log-ledger';
import { LogReader } from './log-reader';
import { LogWriters, type WritingOrder } from './log-writers';
import { quantile } from './quantile';
import { lastOf, type Scenario } from './scenario';
import { rowOf, type Row } from './statistics';
import { ourExtensionId } from './stub-extension';
import type { LogsAnswer, LogsTask, Shown } from './suites/logs/logs.test';

type Note = (line: string) => void;

const POD_COUNTS = [1, 10, 100] as const;
const FLOOD_LINES = 300_000;
const FLOOD_ROUNDS = 5;

const throughput: Scenario = {
  name: 'log-throughput',
  description:
    '300,000 lines of 100 bytes that 1, 10 or 100 pods write as fast as they can: from the first to the last of them that `vapp logs` shows, in turn with the peers on the same pods; whether each line came, once and in its pod’s order, is checked; `/cpu`: the CPU time that it took whoever showed them',
  async measure(bed, context, note) {
    const writers = await LogWriters.deploy(bed);
    return writers.withRoomToFollow(() => measureFloods(bed, context, writers, note));
  },
};

async function measureFloods(bed: TestBed, context: StackContext, writers: LogWriters, note: Note): Promise<Row[]> {
  const { ours, peers } = await logClients(bed, context, writers.followed);
  const clients = Object.entries({ ours, ...peers });
  const nextOrder = numbered();
  const rows: Row[] = [];
  for (const pods of POD_COUNTS) {
    await writers.scale(pods);
    const seconds: Record<string, number[]> = {};
    const cpu: Record<string, number[]> = {};
    for (let round = 1; round <= FLOOD_ROUNDS; round += 1) {
      for (const [name, command] of clients) {
        const delivery = await LogReader.measure(command, writers, nextOrder({ lines: FLOOD_LINES }));
        check(name, delivery.faults, note);
        (seconds[name] ??= []).push(delivery.seconds);
        (cpu[name] ??= []).push(delivery.cpuSeconds);
      }
      note(`${pods} pods, round ${round} of ${FLOOD_ROUNDS}: ${lastOf(seconds)}`);
    }
    rows.push(
      oursBesideTheirs(`log-throughput/${pods}`, seconds, { [STERN]: 1 }),
      oursBesideTheirs(`log-throughput/${pods}/cpu`, cpu),
    );
  }
  return rows;
}

const LATENCY_RATE = 1000;
const LATENCY_ROUNDS = 3;
const PEER_ROUNDS = 2;
/** What else is written, so that it is known for all rates that no line is lost and the editor responds. */
const OTHER_RATES = [100, 10_000, 50_000] as const;
const SECONDS = 5;

/** What the issue asks for, milliseconds. */
const LATENCY_LIMITS = { median: 50, p99: 250 } as const;
/** A person notices that an editor is late from about a tenth of a second on. */
const DELAY_LIMIT_MS = 100;
/** As much as the extension host may take for all else that it shows. */
const MEMORY_LIMIT_MB = 80;

const latency: Scenario = {
  name: 'log-latency',
  description:
    'from when a container writes a line to when the app’s channel in the editor has it, at 1,000 lines/s of 1, 10 or 100 pods together, beside what the peers and `vapp logs` show in a pipe; `/p99`: of a hundred lines the second latest; `/event-loop`: how late the extension host comes to what is due while 50,000 lines/s are written (second worst of a hundred times), beside an idle one; `/memory`: by how much its memory grows at most in a flood of 300,000 lines. At 100, 1,000, 10,000 and 50,000 lines/s and in a flood it is checked that each line is shown once and in order, or counted where the channel says how many it leaves out',
  async measure(bed, context, note) {
    const writers = await LogWriters.deploy(bed);
    return writers.withRoomToFollow(() => measureLatencies(bed, context, writers, note));
  },
};

async function measureLatencies(bed: TestBed, context: StackContext, writers: LogWriters, note: Note): Promise<Row[]> {
  const { ours, peers } = await logClients(bed, context, writers.followed);
  const clients = Object.entries({ '`vapp logs`': ours, ...peers });
  const nextOrder = numbered();
  const paced = (rate: number) => nextOrder({ rate, lines: rate * SECONDS });
  const rows: Row[] = [];
  for (const pods of POD_COUNTS) {
    await writers.scale(pods);
    const orders = [
      ...Array.from({ length: LATENCY_ROUNDS }, () => paced(LATENCY_RATE)),
      ...OTHER_RATES.map(paced),
      nextOrder({ lines: FLOOD_LINES }),
    ];
    const { idle, shown } = await shownInEditor(bed, context, writers, orders);
    for (const [index, order] of orders.entries()) note(`${pods} pods, ${told(order, shown[index])}`);
    const latencies: Record<string, (readonly number[])[]> = {};
    for (let round = 1; round <= PEER_ROUNDS; round += 1) {
      for (const [name, command] of clients) {
        const delivery = await LogReader.measure(command, writers, paced(LATENCY_RATE));
        check(name, delivery.faults, note);
        (latencies[name] ??= []).push(delivery.latencies);
      }
    }
    const own = shown.slice(0, LATENCY_ROUNDS).map((show) => show.latencies);
    const fastest = shown[orders.findIndex(({ rate }) => rate === Math.max(...OTHER_RATES))];
    const flood = shown.at(-1);
    if (!fastest || !flood) throw new Error('the extension host has not told of all orders');
    rows.push(
      latencyRow(`log-latency/${pods}`, 0.5, own, latencies, LATENCY_LIMITS.median),
      latencyRow(`log-latency/${pods}/p99`, 0.99, own, latencies, LATENCY_LIMITS.p99),
      rowOf(
        `log-latency/${pods}/event-loop`,
        'ms',
        [fastest.load.delayP99],
        { 'the same host, idle': [idle.delayP99] },
        { limit: DELAY_LIMIT_MS },
      ),
      rowOf(`log-latency/${pods}/memory`, 'MB', [flood.load.memoryGrowth], {}, { limit: MEMORY_LIMIT_MB }),
    );
  }
  return rows;
}

/** What is measured of following logs. */
export const logScenarios: readonly Scenario[] = [throughput, latency];

function oursBesideTheirs(name: string, seconds: Readonly<Record<string, number[]>>, bars?: Row['bars']): Row {
  const { ours = [], ...theirs } = seconds;
  return rowOf(name, 's', ours, theirs, bars && { bars });
}

/** Gives each order a number of its own. */
function numbered(): (order: Omit<WritingOrder, 'id'>) => WritingOrder {
  let id = 0;
  return (order) => ({ id: (id += 1), ...order });
}

async function shownInEditor(
  bed: TestBed,
  context: StackContext,
  writers: LogWriters,
  orders: readonly WritingOrder[],
): Promise<LogsAnswer> {
  const task: LogsTask = {
    extension: await ourExtensionId(),
    pods: writers.pods,
    orders: orders.map((order) => ({ id: order.id, give: writers.command(order) })),
  };
  const { folder } = writers.followed;
  return inExtensionHost(bed, context, { suite: 'logs', extension: ourExtension, workspace: folder, task });
}

/** @throws Error when a line was lost without a word, doubled, or out of order. */
function told({ rate, lines }: WritingOrder, shown: Shown | undefined): string {
  if (!shown) throw new Error('the extension host has not told of all orders');
  const { omitted, faults, load, latencies } = shown;
  const wrong = faultsText({ ...faults, lost: faults.lost - omitted });
  if (wrong !== undefined) throw new Error(`the channel: ${wrong}`);
  const late = latencies.length === 0 ? '' : ` after ${quantile(latencies, 0.5).toFixed(0)} ms,`;
  return `${lines} lines ${rate === undefined ? 'at once' : `at ${rate} lines/s`}: shown${late} but ${omitted}; event loop ${load.delayP99.toFixed(0)} ms late (at worst ${load.delayMax.toFixed(0)}), ${load.memoryGrowth.toFixed(0)} MB more`;
}

function latencyRow(
  name: string,
  of: number,
  ours: readonly (readonly number[])[],
  theirs: Readonly<Record<string, readonly (readonly number[])[]>>,
  limit: number,
): Row {
  const each = (runs: readonly (readonly number[])[]) => runs.map((latencies) => quantile(latencies, of));
  const peers = Object.fromEntries(Object.entries(theirs).map(([peer, runs]) => [peer, each(runs)]));
  return rowOf(name, 'ms', each(ours), peers, { limit });
}

/** @throws Error when ours has not delivered every line once and in order; of a peer it is told. */
function check(name: string, faults: LogFaults, note: (line: string) => void): void {
  const text = faultsText(faults);
  if (text === undefined) return;
  if (name !== STERN && name !== KUBECTL) throw new Error(`${name}: ${text}`);
  note(`${name}: ${text}`);
}
