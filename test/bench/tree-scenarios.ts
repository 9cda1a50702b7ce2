import { join } from 'node:path';
import { ApiProxy } from './api-proxy';
import { freshLine } from './app';
import { inExtensionHost, ourExtension } from './extension-host';
import type { Scenario } from './scenario';
import { rowOf, summarise, type Row } from './statistics';
import { ourExtensionId, writeStubExtension } from './stub-extension';
import type { TreeUpdateFigures, TreeUpdateTask } from './suites/tree-update/tree-update.test';
import { secondsUntilLine } from './until-line';

const COUNTS = [1, 10, 100, 500] as const;
const [FEWEST, MOST] = [1, 500] as const;
const UPDATES = 30;
const LIMIT_MS = 600_000;

const treeUpdate: Scenario = {
  name: 'tree-update',
  description:
    'one pod of so many changes: from the API server’s event, or its answer to the patch, to the row that the tree hands the editor. ' +
    '`/cpu`: what an update costs the main thread of the extension host beyond the same patch of a pod that nobody watches, just before. `/heap` and `/resident`: its memory after ' +
    'collecting garbage, above that of a host with a stub extension in which the same was done. The pods are objects of the real API server whose status is patched; ' +
    'no kubelet runs them, since none runs 500 here, so none has a log to follow',
  async measure(bed, context, note) {
    const first = freshLine();
    const folder = await bed.app('app', first);
    await secondsUntilLine(bed.vapp(folder, 'run'), first);
    const { access } = await bed.runtime(folder);
    if (!access) throw new Error('the runtime does not run');
    const proxy = await ApiProxy.start(bed, access);
    try {
      const given = {
        api: proxy.url,
        namespace: 'default',
        labels: { 'app.kubernetes.io/instance': 'app', 'app.kubernetes.io/component': 'vehicle-app' },
        updates: UPDATES,
      };
      const measure = (path: string, more: Pick<TreeUpdateTask, 'extension' | 'tree' | 'counts'>) => {
        const task: TreeUpdateTask = { ...given, ...more };
        const measurement = { suite: 'tree-update', extension: path, workspace: folder, task } as const;
        return inExtensionHost<TreeUpdateFigures>(bed, context, { ...measurement, timeoutMs: LIMIT_MS });
      };
      // Up and down, so that what a host has already done weighs on each alike.
      const counts = [...COUNTS, ...COUNTS.toReversed()];
      const ours = await measure(ourExtension, { extension: await ourExtensionId(), tree: true, counts });
      note(inWords(ours));
      const stub = join(bed.folder, 'stub');
      const extension = await writeStubExtension(stub);
      const theirs = await measure(stub, { extension, tree: false, counts });
      return rowsOf(ours, theirs);
    } finally {
      await proxy.stop();
    }
  },
};

function rowsOf(ours: TreeUpdateFigures, stub: TreeUpdateFigures): readonly Row[] {
  const of = (pods: number) => ours.updates.filter((update) => update.pods === pods);
  const cpuOf = (pods: number) => of(pods).flatMap(({ cpuMilliseconds }) => cpuMilliseconds);
  const latencies = COUNTS.map((pods) => {
    const milliseconds = of(pods).flatMap((update) => update.milliseconds);
    return rowOf(`tree-update/${pods}`, 'ms', milliseconds, {}, { limit: 200 });
  });
  const others = Object.fromEntries(COUNTS.filter((pods) => pods !== MOST).map((pods) => [nameOf(pods), cpuOf(pods)]));
  const cpu = rowOf('tree-update/cpu', 'ms', cpuOf(MOST), others, { bars: { [nameOf(FEWEST)]: 1.25 } });
  const memory = (['heap', 'resident'] as const).map((kind) =>
    rowOf(
      `tree-update/${kind}`,
      'MB',
      [ours.memory[kind] - stub.memory[kind]],
      { 'a whole host with ours': [ours.memory[kind]], 'a whole host with a stub extension': [stub.memory[kind]] },
      { limit: 80 },
    ),
  );
  return [...latencies, cpu, ...memory];
}

function nameOf(pods: number): string {
  return pods === 1 ? 'with 1 pod' : `with ${pods} pods`;
}

function inWords({ updates }: TreeUpdateFigures): string {
  return updates
    .map(({ pods, milliseconds, cpuMilliseconds }) => {
      const [cpu, latency] = [summarise(cpuMilliseconds), summarise(milliseconds)];
      return `${pods}: ${latency.median} ms, up to ${latency.max} ms, ${cpu.median} ms of CPU`;
    })
    .join('; ');
}

/** What is measured of the tree. */
export const treeScenarios: readonly Scenario[] = [treeUpdate];
