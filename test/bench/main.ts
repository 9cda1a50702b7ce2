import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isCancelled } from '../../src/base';
import { Toolbox, runCommand } from '../../src/tools';
import { createContext } from '../stack/context';
import { layoutFor } from '../stack/layout';
import { setup } from '../stack/main';
import { ConsoleProgress } from '../stack/progress';
import { TestBed } from './bed';
import { SCENARIOS } from './scenarios';
import { tableOf, type Row } from './statistics';

const root = join(__dirname, '..', '..');
const resultsFile = join(root, 'bench', 'results.json');

/**
 * `npm run bench [-- --list | --only NAME… | --json]`: measures ours and the peers in one run, and writes
 * `bench/results.json` and the table in `bench/README.md`. Answers the exit code.
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
  try {
    const env = await setup([], signal);
    await runCommand({ program: process.execPath, args: ['esbuild.mjs'], cwd: root }, { signal });
    const context = createContext({
      layout: layoutFor(),
      // Peers come as Go modules at exact versions, whatever else can be reached.
      reachable: new Set(),
      progress: new ConsoleProgress(),
      signal,
    });
    const rows: Row[] = [];
    for (const scenario of chosen) {
      const bed = await TestBed.create(env);
      try {
        const note = (line: string) => process.stderr.write(`${scenario.name}: ${line}\n`);
        rows.push(await scenario.measure(bed, context, note));
      } finally {
        await bed.dispose();
      }
    }
    if (values.json) for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
    else process.stdout.write(tableOf(rows));
    await save(rows, await machineOf(env));
    return 0;
  } catch (error) {
    if (isCancelled(error, signal)) return 130;
    throw error;
  }
}

interface Machine {
  readonly date: string;
  readonly cores: number;
  readonly memory: string;
  readonly versions: Readonly<Record<string, string>>;
}

async function machineOf(env: NodeJS.ProcessEnv): Promise<Machine> {
  const toolbox = new Toolbox(env);
  const tools = ['docker', 'k3d', 'helm', 'kubectl'] as const;
  const versions = await Promise.all(tools.map(async (tool) => [tool, await toolbox.version(tool)] as const));
  return {
    date: new Date().toISOString().slice(0, 10),
    cores: cpus().length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    versions: { node: process.versions.node, ...Object.fromEntries(versions) },
  };
}

/** Rows measured now take the place of older ones of the same name; the others stay. */
async function save(rows: readonly Row[], machine: Machine): Promise<void> {
  await mkdir(join(root, 'bench'), { recursive: true });
  const before = await readRows();
  const kept = before.filter((row) => !rows.some(({ name }) => name === row.name));
  const order = SCENARIOS.map(({ name }) => name);
  const all = [...kept, ...rows].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  await writeFile(resultsFile, `${JSON.stringify({ machine, rows: all }, undefined, 2)}\n`);
  await writeFile(join(root, 'bench', 'README.md'), report(all, machine));
}

async function readRows(): Promise<Row[]> {
  try {
    return (JSON.parse(await readFile(resultsFile, 'utf8')) as { rows: Row[] }).rows;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function report(rows: readonly Row[], { date, cores, memory, versions }: Machine): string {
  const tools = Object.entries(versions).map(([tool, version]) => `${tool} ${version}`);
  return `# Numbers

Written by \`npm run bench\` on ${date}: ${cores} cores, ${memory}; ${tools.join(', ')}. Ours and the peers are measured in
one run, in turn, on one machine. The ratios count; seconds differ from machine to machine. What a measurement is:

${SCENARIOS.map(({ name, description }) => `- **${name}**: ${description}`).join('\n')}

${tableOf(rows)}`;
}
