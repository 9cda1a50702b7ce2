// The integration suite: `node --import tsx test/integration/main.ts [RUN…]`, in the environment of the stack.
import { writeFile } from 'node:fs/promises';
import { throwIfCancelled } from '../../src/base';
import { createContext } from '../stack/context';
import { layoutFor } from '../stack/layout';
import { findDesktops } from '../stack/parts/desktop';
import { ensureWorkbench, NEWEST, OLDEST, type WorkbenchPrograms } from '../stack/parts/workbench';
import { ConsoleProgress } from '../stack/progress';
import type { StackContext } from '../stack/types';
import { ensureVappBuilt } from '../stack/vapp';
import { addCounts, NO_COUNTS } from '../support/counts';
import { Bed, RUNS } from './runs';

interface Editor {
  readonly title: string;
  /** Whether its runs are only those that bring the extension from its first moment to its last. */
  readonly short?: boolean;
  readonly programs: WorkbenchPrograms;
  readonly desktop?: string;
}

/** Every desktop editor there is, else the oldest workbench in a browser that is promised and the newest. */
async function editors(context: StackContext): Promise<Editor[]> {
  const desktops = await findDesktops(context);
  if (desktops.length > 0) {
    const programs = await ensureWorkbench(context);
    return desktops.map((desktop) => ({ title: desktop, programs, desktop }));
  }
  const found: Editor[] = [];
  for (const edition of [OLDEST, NEWEST]) {
    const programs = await ensureWorkbench(context, edition);
    const title = `the workbench of code-server ${edition.version} in a browser`;
    found.push({ title, programs, short: edition === OLDEST });
  }
  return found;
}

async function main(names: readonly string[], signal: AbortSignal): Promise<number> {
  const context = createContext({ layout: layoutFor(), reachable: new Set(), progress: new ConsoleProgress(), signal });
  await ensureVappBuilt(signal);
  let total = NO_COUNTS;
  for (const { title, programs, desktop, short = false } of await editors(context)) {
    const runs = RUNS.filter(
      ({ name, long = false, once = false }) =>
        !(short && (once || (long && names.length === 0))) && (names.length === 0 || names.includes(name)),
    );
    const bed = await Bed.make(programs, desktop);
    try {
      for (const run of runs) {
        throwIfCancelled(signal);
        process.stdout.write(`\n${run.title}, in ${title}\n`);
        total = addCounts(total, await run.run(bed));
      }
    } finally {
      await bed.dispose();
    }
  }
  throwIfCancelled(signal);
  const report = process.env['VAPP_TEST_COUNTS'];
  if (report !== undefined) await writeFile(report, JSON.stringify(total));
  else for (const failure of total.failures) process.stderr.write(`✗ ${failure}\n`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

const cancel = new AbortController();
process.on('SIGINT', () => cancel.abort());
// @vscode/test-electron passes on SIGINT, and nothing else.
for (const name of ['SIGTERM', 'SIGHUP'] as const) process.on(name, () => process.emit('SIGINT'));
main(process.argv.slice(2), cancel.signal).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
