import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { runTests } from '@vscode/test-electron';
import type { WorkbenchPrograms } from '../stack/parts/workbench';
import { addCounts, failedAsAWhole, type Counts } from '../support/counts';

export interface SuiteRun {
  /** Folder with the test files, `*.test.ts`. */
  readonly suite: string;
  /** Folder of the extension under test. */
  readonly extension: string;
  /** The folder or `.code-workspace` that is open. */
  readonly workspace: string;
  readonly env: NodeJS.ProcessEnv;
  readonly programs: WorkbenchPrograms;
  /** Whether the editor is to leave the workspace untrusted. Only the workbench in a browser can. */
  readonly untrusted?: boolean;
  /** A desktop editor's program; without one it is run in the workbench in a browser. */
  readonly desktop?: string;
}

const root = join(__dirname, '..', '..');

/** In characters. */
const OUTPUT_SHOWN = 16_384;

/**
 * Runs a mocha suite in a real extension host. Without a report of its own the suite has failed, whatever the editor
 * says: one that is killed half-way looks like success. SIGINT of this process ends it.
 */
export async function runSuite(run: SuiteRun): Promise<Counts> {
  const folder = await mkdtemp(join(tmpdir(), 'vapp-suite-'));
  try {
    const report = join(folder, 'report.json');
    const log = join(folder, 'mocha.log');
    await writeFile(log, '');
    const failure = await runEditor(run, folder, { VAPP_TEST_COUNTS: report, VAPP_TEST_LOG: log });
    process.stdout.write(await readFile(log, 'utf8'));
    const counts = await countsOf(report, failure);
    if (counts.failed > 0) process.stdout.write(await ownLogs(join(folder, 'user', 'logs')));
    return counts;
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function runEditor(run: SuiteRun, folder: string, report: Readonly<Record<string, string>>) {
  const tests = join(folder, 'suite.cjs');
  await bundle(run.suite, tests);
  try {
    await runTests({
      vscodeExecutablePath: run.desktop ?? join(root, 'test', 'workbench', 'code.cjs'),
      extensionDevelopmentPath: run.extension,
      extensionTestsPath: tests,
      extensionTestsEnv: {
        ...run.env,
        ...report,
        VAPP_TEST_WORKBENCH: JSON.stringify(run.programs),
        // In a terminal of an editor it is set, and would make another one a plain Node.
        ELECTRON_RUN_AS_NODE: undefined,
      },
      launchArgs: [
        run.workspace,
        ...(run.untrusted ? ['--ask-for-trust'] : []),
        `--user-data-dir=${join(folder, 'user')}`,
        `--extensions-dir=${join(folder, 'extensions')}`,
      ],
    });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** One file with mocha and all tests in it: an older editor's Node cannot `require` mocha's modules by itself. */
async function bundle(suite: string, outfile: string): Promise<void> {
  const files = (await readdir(suite)).filter((name) => name.endsWith('.test.ts')).sort();
  const loaders = files.map((name) => `() => require(${JSON.stringify(join(suite, name))})`);
  const contents = [
    `export { run } from ${JSON.stringify(join(root, 'test', 'integration', 'mocha-run.ts'))};`,
    `globalThis.vappTestFiles = [${loaders.join(', ')}];`,
  ].join('\n');
  await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.18',
    external: ['vscode'],
    mainFields: ['module', 'main'],
    sourcemap: 'inline',
    logLevel: 'warning',
    // Mocha's workers, which stay outside: tests in an editor do not run in parallel.
    logOverride: { 'require-resolve-not-external': 'silent' },
  });
}

/** The end of what the extension under test has written to its output, for whoever asks why a test failed. */
async function ownLogs(logs: string): Promise<string> {
  // An editor that did not come up has left none.
  const files = await readdir(logs, { recursive: true }).catch(() => []);
  const own = files.filter((file) => basename(file) === 'Velocitas.log');
  const texts = await Promise.all(own.map((file) => readFile(join(logs, file), 'utf8')));
  return texts.map((text) => `\nThe extension's output, its end:\n${text.slice(-OUTPUT_SHOWN)}\n`).join('');
}

async function countsOf(report: string, failure: string | undefined): Promise<Counts> {
  let counts: Counts;
  try {
    counts = JSON.parse(await readFile(report, 'utf8')) as Counts;
  } catch {
    return failedAsAWhole(`did not come to its end: ${failure ?? 'it left no report'}`);
  }
  // The editor may fail after the last test: that is no success either.
  return failure !== undefined && counts.failed === 0 ? addCounts(counts, failedAsAWhole(failure)) : counts;
}
