import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A table that a suite ends with. */
export interface Figures {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  /** Sentences below the table. */
  readonly notes: readonly string[];
}

const FOLDER = join(__dirname, '..', '..', 'bench', 'robustness');
const TITLES: Readonly<Record<string, string>> = {
  faults: 'Faults at random points of a run',
  fuzz: 'Readers against damaged and hostile input',
  soak: 'Hours of edit-run loops',
};

interface Saving {
  /** Writes the figures to `bench/robustness`: the full form of a suite does that, the short one does not. */
  readonly keep: boolean;
  /** Default: true. */
  readonly print?: boolean;
}

/** Tells the figures of a suite. */
export async function saveFigures(suite: string, figures: Figures, { keep, print = true }: Saving): Promise<void> {
  if (print) process.stdout.write(`\n${tableOf(figures)}\n`);
  if (!keep) return;
  await mkdir(FOLDER, { recursive: true });
  const measured = new Date().toISOString().slice(0, 10);
  await writeFile(join(FOLDER, `${suite}.json`), `${JSON.stringify({ measured, ...figures }, undefined, 2)}\n`);
  await writeFile(join(FOLDER, 'README.md'), await page());
}

const INTRODUCTION = `# When something breaks

Written by the full forms of the suites below, on the machine of whoever ran them last. \`npm test\` runs a short form of each, and besides them, on the real stack: \`test/e2e/pod-failures.test.ts\` and \`deploy-faults.test.ts\` (what can be wrong with pods, Services, charts), \`build-failures.test.ts\` (builds), \`doctor.test.ts\`, \`security.test.ts\` and \`hostile-files.test.ts\` (a hostile repository, planted secrets), \`test/browser/trouble.test.ts\` (the extension host is killed, Docker goes away, a flood of lines).
`;

async function page(): Promise<string> {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.json')).sort();
  const sections = await Promise.all(
    files.map(async (file) => {
      const suite = file.replace(/\.json$/, '');
      const figures = JSON.parse(await readFile(join(FOLDER, file), 'utf8')) as Figures & { measured: string };
      return `## ${TITLES[suite] ?? suite}\n\nMeasured on ${figures.measured} by \`npm run test:${suite}\`.\n\n${tableOf(figures)}`;
    }),
  );
  return `${INTRODUCTION}\n${sections.join('\n')}`;
}

function tableOf({ columns, rows, notes }: Figures): string {
  const cells = [columns, ...rows].map((row) => row.map(String));
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0), 3));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = cells;
  const table = [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
  return `${table}\n\n${notes.join('\n\n')}\n`;
}
