import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Circumstances, Machine } from './circumstances';
import { plotOf } from './plot';
import { scaleReport } from './scale-table';
import type { Scenario } from './scenario';
import { tableOf, type Row } from './statistics';

export interface MeasuredRow extends Row {
  readonly measured: Circumstances;
}

type Described = Pick<Scenario, 'name' | 'description'>;

interface Results {
  readonly machine: Machine;
  readonly rows: readonly MeasuredRow[];
}

/**
 * Writes `results.json`, `results.svg` and `README.md`, which shows it, and `scale.md` in a folder. Rows measured now
 * take the place of older ones of the same name; the others stay, in the order of the scenarios, and those of scenarios
 * that are no more go.
 */
export async function saveResults(
  folder: string,
  rows: readonly MeasuredRow[],
  machine: Machine,
  scenarios: readonly Described[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'results.json');
  const merged = mergeRows(await readRows(file), rows, scenarios);
  const results: Results = { machine, rows: merged };
  await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`);
  await writeFile(join(folder, 'results.svg'), plotOf(merged));
  await writeFile(join(folder, 'scale.md'), scaleReport(merged));
  await writeFile(join(folder, 'README.md'), report(results, scenarios));
}

export function mergeRows(
  before: readonly MeasuredRow[],
  now: readonly MeasuredRow[],
  scenarios: readonly Described[],
): readonly MeasuredRow[] {
  const newest = new Map([...before, ...now].map((row) => [row.name, row]));
  return scenarios.flatMap(({ name }) => [...newest.values()].filter((row) => scenarioOf(row, scenarios) === name));
}

/** The scenario called like the row or like the longest beginning of it: `inner-loop/python` may be one of its own. */
function scenarioOf(row: MeasuredRow, scenarios: readonly Described[]): string | undefined {
  const fitting = scenarios.filter(({ name }) => row.name === name || row.name.startsWith(`${name}/`));
  return fitting.sort((a, b) => b.name.length - a.name.length)[0]?.name;
}

async function readRows(file: string): Promise<readonly MeasuredRow[]> {
  try {
    return (JSON.parse(await readFile(file, 'utf8')) as Results).rows;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

export function report({ machine, rows }: Results, scenarios: readonly Described[]): string {
  const { cores, memory, versions } = machine;
  const tools = Object.entries(versions).map(([tool, version]) => `${tool} ${version}`);
  return `# Numbers

Written by \`npm run bench\` on ${cores} cores, ${memory}; ${tools.join(', ')}. Ours and the peers are measured in
one run, in turn, on one machine. The ratios count; seconds differ from machine to machine. What a measurement is:

${scenarios.map(({ name, description }) => `- **${name}**: ${description}`).join('\n')}

![Ratios of all measurements, on a logarithmic scale](results.svg)

${tableOf(rows)}
When each was measured, of which commit (\`+\`: with changes), and how many cores others kept busy just before and just after:

| measurement | when | commit | others, before and after |
|---|---|---|--:|
${rows.map(circumstancesLine).join('\n')}
`;
}

function circumstancesLine({ name, measured: { date, commit, othersLoad } }: MeasuredRow): string {
  const [before, after] = othersLoad;
  return `| ${name} | ${date.slice(0, 16).replace('T', ' ')} UTC | ${commit} | ${before} and ${after} |`;
}
