import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isCancelled, messageOf } from '../src/base';
import { runCommand } from '../src/tools';
import { engineIsUp, setup, teardown } from './stack/main';
import { ensureTemplatePlatforms } from './stack/template-images';
import { addCounts, failedAsAWhole, NO_COUNTS, type Counts } from './support/counts';

interface Suite {
  readonly title: string;
  /** Needs Docker, k3d and the rest of the stack. */
  readonly stack?: boolean;
  /** Done before it. */
  readonly prepare?: (signal: AbortSignal) => Promise<void>;
  readonly args: readonly string[];
  /** Another command that makes up the suite, run at the same time. */
  readonly beside?: readonly string[];
  /** Run when it is named, since another suite holds a short form of it. */
  readonly only?: boolean;
  /** Mocha's globs; absent for a check that passes or fails as a whole. */
  readonly mocha?: boolean;
}

const root = join(__dirname, '..');
/** Tells the output of what runs beside the rest of a suite. */
const BESIDE = '┊ ';
const bin = (name: string) => join(root, 'node_modules', '.bin', name);

const mocha = (globs: readonly string[], ignored: readonly string[] = []) => [
  process.execPath,
  bin('mocha'),
  '--config',
  '.mocharc.json',
  '--reporter',
  'test/support/reporter.ts',
  ...globs,
  ...ignored.flatMap((glob) => ['--ignore', glob]),
];

/**
 * End-to-end tests that mostly build images, which the processor is busy with. Those on clusters mostly wait, so that
 * they run beside them. Each test has names of its own for all that it makes.
 */
const BUILDING = [
  'build*',
  'bundle',
  'feature*',
  'images',
  'platforms*',
  'released-image',
  'template-platforms',
  'template-runs',
  'templates-registry',
  'vsix',
  'work*',
].map((name) => `test/e2e/${name}.test.ts`);

const SUITES: Record<string, Suite> = {
  lint: { title: 'ESLint', args: [bin('eslint'), '.', '--max-warnings', '0'] },
  rooms: { title: 'Import rules of the rooms', args: [bin('depcruise'), 'src'] },
  format: { title: 'Prettier', args: [bin('prettier'), '--check', '--log-level', 'warn', '.'] },
  types: { title: 'Types', args: [bin('tsc'), '--noEmit'] },
  build: { title: 'Bundle', args: [process.execPath, 'esbuild.mjs'] },
  unit: { title: 'Unit tests', args: mocha(['test/unit/**/*.test.ts']), mocha: true },
  integration: {
    title: 'Integration tests, in the extension host',
    args: [process.execPath, '--import', 'tsx', 'test/integration/main.ts'],
    mocha: true,
    stack: true,
  },
  soak: {
    title: 'Soak, in the extension host',
    args: [process.execPath, '--import', 'tsx', 'test/integration/main.ts', 'soak'],
    mocha: true,
    stack: true,
    only: true,
  },
  browser: {
    title: 'Tests at the workbench, in a browser',
    args: mocha(['test/browser/**/*.test.ts']),
    mocha: true,
    stack: true,
  },
  e2e: {
    title: 'End-to-end tests',
    // A base that is replaced in one half, by one for more platforms, would be a change of each app of the other half.
    prepare: ensureTemplatePlatforms,
    args: mocha(['test/e2e/**/*.test.ts'], BUILDING),
    beside: mocha(BUILDING),
    mocha: true,
    stack: true,
  },
  faults: { title: 'Faults', args: mocha(['test/faults/**/*.test.ts']), mocha: true, stack: true },
};

/** `npm test [-- SUITE…]`: all suites, or those named. Answers the exit code. */
export async function test(names: readonly string[], signal: AbortSignal): Promise<number> {
  const unknown = names.find((name) => !(name in SUITES));
  if (unknown !== undefined) {
    process.stderr.write(`There is no suite "${unknown}". Suites: ${Object.keys(SUITES).join(', ')}.\n`);
    return 2;
  }
  const suites = Object.entries(SUITES)
    .filter(([name, { only }]) => (names.length === 0 ? !only : names.includes(name)))
    .map(([, suite]) => suite);
  const scratch = await mkdtemp(join(tmpdir(), 'vapp-test-'));
  const needsStack = suites.some((suite) => suite.stack);
  const wasUp = needsStack && (await engineIsUp());
  let total = NO_COUNTS;
  try {
    let env = process.env;
    for (const suite of suites) {
      if (suite.stack && env === process.env) env = await setup(signal);
      total = addCounts(total, await runSuite(suite, env, scratch, signal));
    }
  } catch (error) {
    if (isCancelled(error, signal)) return 130;
    process.stderr.write(`${messageOf(error)}\n`);
    total = addCounts(total, failedAsAWhole(messageOf(error)));
  } finally {
    // A stack that was up before the tests is somebody's working place and stays.
    if (needsStack && !wasUp) await teardown([]);
    await rm(scratch, { recursive: true, force: true });
  }
  // Once more at the end, and their names last of all: who reads a log's end only finds out what failed.
  for (const failure of total.failures) process.stdout.write(`\n✗ ${failure}\n`);
  if (total.failures.length > 0) process.stdout.write('\n');
  for (const failure of total.failures) process.stdout.write(`✗ ${inOneLine(failure)}\n`);
  process.stdout.write(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
  return total.failed === 0 ? 0 : 1;
}

/** Characters of a failure that are enough to find it by. */
const NAME_LENGTH = 200;

function inOneLine(failure: string): string {
  return (failure.split('\n', 1)[0] ?? '').slice(0, NAME_LENGTH);
}

async function runSuite(suite: Suite, env: NodeJS.ProcessEnv, scratch: string, signal: AbortSignal): Promise<Counts> {
  const started = performance.now();
  process.stdout.write(`\n── ${suite.title}\n`);
  await suite.prepare?.(signal);
  const counts = await Promise.all(
    [suite.args, ...(suite.beside ? [suite.beside] : [])].map((args, place) =>
      runPart({ args, mark: place === 0 ? '' : BESIDE, mocha: suite.mocha ?? false }, env, scratch, signal),
    ),
  );
  process.stdout.write(`   ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  const { failures, ...sums } = counts.reduce(addCounts);
  return { ...sums, failures: failures.map((failure) => `${suite.title}: ${failure}`) };
}

interface Part {
  readonly args: readonly string[];
  /** Stands before each line of output. */
  readonly mark: string;
  readonly mocha: boolean;
}

async function runPart(part: Part, env: NodeJS.ProcessEnv, scratch: string, signal: AbortSignal): Promise<Counts> {
  const directory = await mkdtemp(join(scratch, 'part-'));
  const countsFile = join(directory, 'counts.json');
  const [program = '', ...args] = part.args;
  const { exitCode } = await runCommand(
    { program, args, cwd: root, env: { ...env, VAPP_TEST_COUNTS: countsFile } },
    {
      signal,
      onLine: (line, stream) => process[stream].write(`${part.mark}${line}\n`),
      acceptExitCodes: Array.from({ length: 255 }, (_, code) => code + 1),
      killAfterMs: 60_000,
    },
  );
  return part.mocha ? mochaCounts(countsFile, exitCode) : wholeCounts(exitCode);
}

function wholeCounts(exitCode: number): Counts {
  return exitCode === 0 ? { ...NO_COUNTS, passed: 1 } : failedAsAWhole(`exit code ${exitCode}`);
}

/** A suite that ended without its counts, or with none, has failed: a crash must not look like success. */
async function mochaCounts(file: string, exitCode: number): Promise<Counts> {
  try {
    const counts = JSON.parse(await readFile(file, 'utf8')) as Counts;
    if (counts.passed + counts.failed > 0 && (exitCode === 0 || counts.failed > 0)) return counts;
    return addCounts(counts, failedAsAWhole(`ended with exit code ${exitCode} after ${counts.passed} tests`));
  } catch (error) {
    return failedAsAWhole(`left no counts: ${messageOf(error)}`);
  }
}
