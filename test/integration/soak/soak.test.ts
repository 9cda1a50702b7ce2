import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { promisify } from 'node:util';
import { commands } from 'vscode';
import { SCRIPT_FILE, soakScript } from '../../faults/counting-app';
import { Ledger } from '../../faults/ledger';
import { until } from '../support/until';
import { TestWindow } from '../support/window';
import { flatness, type Sample } from './samples';

const MINUTES = Number(process.env['VAPP_SOAK_MINUTES'] ?? 1);
/** Every so many rounds the container crashes, and every so many the pod is deleted. */
const CRASH_EVERY = 3;
const DELETE_EVERY = 4;
/**
 * What a round may add to the heap, bytes, besides the rows that the editor keeps of those it has drawn: 54 to 60 a
 * round, 10 to 12 kB, of which nothing is ours to free. Heap snapshots twelve rounds apart show what else is still there of
 * a round: 0.6 kB of ours, what a feed remembers of up to 1000 containers; 0.4 kB of this test's ledger; and about
 * 0.5 kB for rows of pods that are gone, which the editor keeps, too (`_childrenFetchTokens`). As much again is left to
 * tables that double and to what the engine notes of code that is run often. In the few rounds of the short form the
 * editor still loads its own parts, so that it finds a flood only.
 */
const HEAP_MAY_GROW = MINUTES < 30 ? 5e6 : 4e3;
/** What may be added between the end of the first quarter of the time and its end. */
const FILES_MAY_GROW = 3;
/** By then, the pods of rounds before have gone with their connections, and what works in the background has ended. */
const COMES_TO_REST_MS = 10_000;
const LOOK_MS = 200;
/** The editor gives the extension host a copy of each log that is shown, up to its greatest length; not of others. */
const PANEL_CLOSES_MS = 500;
/** As many revisions as Helm keeps, and those that have come since old ones were last removed. */
const MOST_IMAGES = 25;

describe(`${MINUTES} minutes of edit and run, in one window`, function () {
  this.timeout(MINUTES * 60_000 + 10 * 60_000);
  const ledger = new Ledger();
  const samples: Sample[] = [];
  /** At rest: after the first quarter of the time, and in the end. */
  const files = { early: 0, late: 0 };
  let window: TestWindow;
  let revision = 1;
  let drawn = 0;

  before(async () => {
    window = await TestWindow.open();
    countDrawnRows();
    await window.showTree();
    window.api.logs.onDidReceive(({ events }) => {
      for (const event of events) if (event.type === 'line') ledger.take(event.line.text, event.line.timestamp);
    });
  });

  it('loses no line, and leaves nothing behind', async () => {
    const begun = performance.now();
    const end = begun + MINUTES * 60_000;
    for (let round = 1; performance.now() < end || round < 4; round += 1) {
      await runNext();
      if (round % CRASH_EVERY === 0) await crash();
      if (round % DELETE_EVERY === 0) await deletePod();
      samples.push(await sample());
      if (files.early === 0 && performance.now() - begun > (end - begun) / 4) files.early = await filesAtRest();
    }
    files.late = await filesAtRest();
    await until('the last line of each run that has ended', () =>
      ledger.unfinishedBefore(revision).length === 0 ? true : undefined,
    );
    assert.deepEqual(ledger.takeProblems(), []);
  });

  it('has a flat memory, and no more open files, containers and images than it began with', async () => {
    const { heap, rowsKept } = flatness(samples);
    await writeFile(
      process.env['VAPP_SOAK_FIGURES'] ?? '',
      JSON.stringify({ samples, files, lines: ledger.lines, minutes: MINUTES }),
    );
    assert.ok(heap.aRound - rowsKept < HEAP_MAY_GROW, JSON.stringify({ heap, rowsKept }));
    assert.ok(files.late - files.early < FILES_MAY_GROW, JSON.stringify(files));
    const last = samples.at(-1);
    assert.equal(last?.containers, samples[0]?.containers);
    assert.ok((last?.nodeImages ?? 0) <= MOST_IMAGES && (last?.engineImages ?? 0) <= 2, JSON.stringify(last));
  });

  function countDrawnRows(): void {
    const { tree } = window.api;
    const draw = tree.getTreeItem.bind(tree);
    tree.getTreeItem = (row) => {
      drawn += 1;
      return draw(row);
    };
  }

  async function runNext(): Promise<void> {
    revision += 1;
    await window.write(SCRIPT_FILE, soakScript(revision));
    const { ends } = await window.perform('run');
    assert.deepEqual(
      ends.map(({ outcome }) => outcome.status),
      ['done'],
      JSON.stringify(ends),
    );
    await until(`revision ${revision}`, () => (ledger.runsOf(revision).length > 0 ? true : undefined));
  }

  /** The container ends by itself, and Kubernetes starts it again in the same pod. */
  async function crash(): Promise<void> {
    const before = ledger.runsOf(revision).length;
    await window.kubectl('exec', `deployment/${window.app.id}`, '--', 'kill', '-USR1', '1');
    await until('another run of the container', () => (ledger.runsOf(revision).length > before ? true : undefined));
  }

  async function deletePod(): Promise<void> {
    const before = ledger.runsOf(revision).length;
    const selector = `app.kubernetes.io/instance=${window.app.id}`;
    await window.kubectl('delete', 'pods', '--selector', selector, '--wait=false');
    await until('another pod', () => (ledger.runsOf(revision).length > before ? true : undefined));
  }

  async function sample(): Promise<Sample> {
    const { cluster } = window.folder.picture.runtime;
    const label = `label=io.vscode-velocitas.cluster=${cluster}`;
    const node = `k3d-${cluster}-server-0`;
    const [engine, inNode, containers] = await Promise.all([
      lines('docker', 'images', '--all', '--quiet', '--filter', label),
      lines('docker', 'exec', node, 'ctr', '--namespace', 'k8s.io', 'images', 'ls', '--quiet'),
      lines('docker', 'ps', '--all', '--quiet', '--filter', `label=k3d.cluster=${cluster}`),
    ]);
    await commands.executeCommand('workbench.action.closePanel');
    await setTimeout(PANEL_CLOSES_MS);
    collectGarbage();
    return {
      heap: heapInUse(),
      rss: process.memoryUsage.rss(),
      engineImages: engine.length,
      nodeImages: inNode.filter((name) => name.startsWith('registry.vapp.internal')).length,
      containers: containers.length,
      drawn,
    };
  }
});

/** Open files and sockets, the fewest of a while in which nothing is run. */
async function filesAtRest(): Promise<number> {
  let fewest = Infinity;
  const end = performance.now() + COMES_TO_REST_MS;
  while (performance.now() < end) {
    await setTimeout(LOOK_MS);
    fewest = Math.min(fewest, (await readdir('/proc/self/fd')).length);
  }
  return fewest;
}

async function lines(program: string, ...args: string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)(program, args);
  return stdout.split('\n').filter(Boolean);
}

/** Bytes that objects take. What the engine has compiled, which it goes on with for long, is left out. */
function heapInUse(): number {
  const spaces = getHeapSpaceStatistics().filter(({ space_name: name }) => !/code|trusted/.test(name));
  return spaces.reduce((sum, { space_used_size: bytes }) => sum + bytes, 0);
}

/** What is garbage is no leak. The extension host is not started so that a test could ask for it. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
