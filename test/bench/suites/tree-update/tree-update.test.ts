import { commands, extensions } from 'vscode';
import type { Row } from '../../../../src/editor/tree/app-tree';
import type { ExtensionApi } from '../../../../src/extension';
import { all } from '../../../unit/editor/tree-fakes';
import { collectGarbage, memoryHeld } from '../memory';
import { answer, givenTask } from '../task';
import { workedMs } from '../worked';
import { IdlePods, type PodUpdate } from './idle-pods';

export interface TreeUpdateTask {
  readonly extension: string;
  /** Whether it is ours, which has a tree. */
  readonly tree: boolean;
  /** URL of the cluster's API as plain HTTP. */
  readonly api: string;
  readonly namespace: string;
  /** What the app's pods are found by. */
  readonly labels: Readonly<Record<string, string>>;
  /** How many pods there are beside the app's own, in this order. */
  readonly counts: readonly number[];
  /** Updates measured for each of them. */
  readonly updates: number;
}

/** What is measured with so many pods. */
export interface UpdatesOfMany {
  readonly pods: number;
  /** From the cluster's event to the row in the tree, milliseconds, update by update. */
  readonly milliseconds: readonly number[];
  /** CPU time of the host's main thread that each takes more than one of a pod that is nobody's, just before, milliseconds. */
  readonly cpuMilliseconds: readonly number[];
}

export interface TreeUpdateFigures {
  readonly updates: readonly UpdatesOfMany[];
  /** With the most pods, after collecting garbage, MB. */
  readonly memory: { readonly heap: number; readonly resident: number };
}

/** A namespace that nobody watches but the cluster's own parts. */
const ELSEWHERE = 'kube-public';
/** One update in so long, milliseconds. The editor itself takes together what changes within 200 ms. */
const EVERY_MS = 300;
const LIMIT_MS = 60_000;

it('measures how updates of pods reach the tree', async function () {
  this.timeout(0);
  const task = givenTask() as TreeUpdateTask;
  const { counts, updates } = task;
  const api = await extensions.getExtension<ExtensionApi | undefined>(task.extension)?.activate();
  await commands.executeCommand(task.tree ? 'velocitas.explorer.focus' : 'workbench.view.explorer');
  const window = new MeasuredWindow(task, task.tree ? api?.tree : undefined);
  try {
    await window.open();
    await window.scale(counts[0] ?? 1);
    // What is not compiled yet takes longer.
    await window.measure(2 * updates);
    const figures: UpdatesOfMany[] = [];
    let memory = { heap: 0, resident: 0 };
    for (const pods of counts) {
      await window.scale(pods);
      figures.push({ pods, ...(await window.measure(updates)) });
      if (pods === Math.max(...counts)) memory = await memoryInUse();
    }
    await answer({ updates: figures, memory } satisfies TreeUpdateFigures);
  } finally {
    await window.close();
  }
});

/** The pods, a watch on them that is not ours, and the tree. */
class MeasuredWindow {
  private readonly stop = new AbortController();
  private readonly pods: IdlePods;
  private readonly strangers: IdlePods;
  private readonly seenByWatch = new Moments();
  private readonly seenInTree = new Moments();

  constructor(
    { api, namespace, labels }: TreeUpdateTask,
    private readonly tree: ExtensionApi['tree'] | undefined,
  ) {
    this.pods = new IdlePods(api, namespace, labels, 'idle');
    this.strangers = new IdlePods(api, ELSEWHERE, {}, 'stranger');
    tree?.onDidChangeTreeData((rows) => this.drawn(rows ? [rows].flat() : tree.getChildren(), tree));
  }

  async open(): Promise<void> {
    for (const pods of [this.pods, this.strangers]) {
      await pods.watch((update) => this.seenByWatch.note(update), this.stop.signal);
    }
    await this.strangers.scale(1);
  }

  async scale(count: number): Promise<void> {
    await this.pods.scale(count);
    const { tree } = this;
    if (tree) await until('all pods in the tree', () => podRows(tree) === count + 1);
    // The editor asks for the rows of so many pods, which is not what is measured.
    await sleep(2_000);
  }

  async measure(updates: number): Promise<Omit<UpdatesOfMany, 'pods'>> {
    const milliseconds: number[] = [];
    const cpuMilliseconds: number[] = [];
    for (let index = 0; index < updates; index += 1) {
      const ofStranger = await cpuOf(async () => {
        await this.seenByWatch.of(await this.strangers.update(index));
      });
      const ofApp = await cpuOf(async () => {
        const update = await this.pods.update(index);
        const answered = performance.now();
        const happened = Math.min(answered, await this.seenByWatch.of(update));
        if (this.tree) milliseconds.push((await this.seenInTree.of(update)) - happened);
      });
      cpuMilliseconds.push(ofApp - ofStranger);
    }
    return { milliseconds, cpuMilliseconds };
  }

  async close(): Promise<void> {
    this.stop.abort();
    await this.pods.scale(0);
    await this.strangers.scale(0);
  }

  /** Reads what is drawn as the editor does. */
  private drawn(rows: readonly Row[], tree: ExtensionApi['tree']): void {
    for (const row of rows) {
      const { description } = tree.getTreeItem(row);
      if (row.node.context !== 'pod') this.drawn(tree.getChildren(row), tree);
      else this.seenInTree.note({ name: row.node.label, reason: String(description) });
    }
  }
}

/** When each pod was first seen as it is. */
class Moments {
  private readonly seen = new Map<string, { readonly reason: string; readonly moment: number }>();
  private readonly awaited = new Map<string, () => void>();

  note({ name, reason }: PodUpdate): void {
    if (this.seen.get(name)?.reason === reason) return;
    this.seen.set(name, { reason, moment: performance.now() });
    this.awaited.get(name)?.();
  }

  async of({ name, reason }: PodUpdate): Promise<number> {
    const end = Date.now() + LIMIT_MS;
    for (;;) {
      const known = this.seen.get(name);
      if (known?.reason === reason) return known.moment;
      if (Date.now() > end) throw new Error(`${name} was never seen with ${reason}`);
      await Promise.race([new Promise<void>((resolve) => this.awaited.set(name, resolve)), sleep(LIMIT_MS)]);
      this.awaited.delete(name);
    }
  }
}

/** CPU time of this thread in the {@link EVERY_MS} in which something happens, milliseconds. */
async function cpuOf(happen: () => Promise<void>): Promise<number> {
  const before = workedMs();
  const end = sleep(EVERY_MS);
  await happen();
  await end;
  return workedMs() - before;
}

async function memoryInUse(): Promise<TreeUpdateFigures['memory']> {
  for (let round = 0; round < 3; round += 1) {
    collectGarbage();
    await sleep(500);
  }
  return { heap: memoryHeld(), resident: process.memoryUsage.rss() / 1e6 };
}

function podRows({ nodes }: ExtensionApi['tree']): number {
  return all(nodes).filter(({ context }) => context === 'pod').length;
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const end = Date.now() + LIMIT_MS;
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`never saw ${what}`);
    await sleep(100);
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
