import { join } from 'node:path';
import { inspect, parseArgs } from 'node:util';
import { messageOf, throwIfCancelled } from '../../src/base';
import { runCommand } from '../../src/tools';
import { createContext } from '../stack/context';
import { layoutFor } from '../stack/layout';
import { setup } from '../stack/main';
import { ConsoleProgress } from '../stack/progress';
import { TestBed } from './bed';
import { othersLoad, machineOf, revisionOf, shortOfDisk } from './circumstances';
import { interrupt } from './process';
import { saveResults, type MeasuredRow } from './results';
import { SCENARIOS } from './scenarios';
import { tableOf } from './statistics';

const root = join(__dirname, '..', '..');

/**
 * `npm run bench [-- --list | --only NAME… | --json]`: measures ours and the peers in one run, and writes
 * `bench/results.json`, the table in `bench/README.md` and the plot in it, where rows that are not measured now stay as
 * they are. A measurement that fails does not keep the others from being taken. Answers the exit code.
 */
export async function bench(args: readonly string[], signal: AbortSignal): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { list: { type: 'boolean' }, only: { type: 'string', multiple: true }, json: { type: 'boolean' } },
  });
  if (values.list) {
    for (const { name, description } of SCENARIOS) process.stdout.write(`${name}  ${description}\n`);
    return 0;
  }
  const unknown = values.only?.find((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown !== undefined) {
    process.stderr.write(`There is no measurement "${unknown}"; --list names them.\n`);
    return 2;
  }
  const chosen = SCENARIOS.filter((scenario) => values.only?.includes(scenario.name) ?? true);
  const env = await setup(signal);
  await runCommand({ program: process.execPath, args: ['esbuild.mjs'], cwd: root }, { signal });
  const context = createContext({
    layout: layoutFor(),
    // Peers come as Go modules at exact versions, whatever else can be reached.
    reachable: new Set(),
    progress: new ConsoleProgress(),
    signal,
  });
  const [commit, machine] = await Promise.all([revisionOf(root), machineOf(env)]);
  const rows: MeasuredRow[] = [];
  const shortage = await shortOfDisk(layoutFor().cache);
  if (shortage !== undefined) process.stderr.write(`${shortage}\n`);
  const failures: string[] = [];
  signal.addEventListener('abort', interrupt, { once: true });
  for (const scenario of chosen) {
    throwIfCancelled(signal);
    const bed = await TestBed.create(env);
    try {
      const note = (line: string) => {
        // Whatever was at work when it was interrupted: no measurement goes on for longer than a round.
        throwIfCancelled(signal);
        process.stderr.write(`${scenario.name}: ${line}\n`);
      };
      const before = await othersLoad();
      const measuredRows = [await scenario.measure(bed, context, note)].flat();
      const measured = { date: new Date().toISOString(), commit, othersLoad: [before, await othersLoad()] as const };
      rows.push(...measuredRows.map((row) => ({ ...row, measured })));
      await saveResults(join(root, 'bench'), rows, machine, SCENARIOS);
    } catch (error) {
      if (signal.aborted) throw error;
      // Those after it are measured all the same.
      failures.push(`${scenario.name} failed: ${messageOf(error)}`);
      process.stderr.write(`${scenario.name}: ${inspect(error)}\n`);
    } finally {
      await bed.dispose();
    }
  }
  if (values.json) for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
  else process.stdout.write(tableOf(rows));
  for (const failure of failures) process.stderr.write(`${failure}\n`);
  return failures.length === 0 ? 0 : 1;
}
