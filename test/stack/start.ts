// The entry point behind test/bootstrap.mjs: `node --import tsx test/stack/start.ts COMMAND [ARGS]`.
import { Failure, isCancelled } from '../../src/base';
import { checkStack } from './check';
import { exportLines, stackEnvironment } from './environment';
import { layoutFor } from './layout';
import { setup, teardown } from './main';
import { ensureVappBuilt } from './vapp';
import { readState } from './state';

type Action = (args: readonly string[], signal: AbortSignal) => Promise<number>;

const EXIT = { done: 0, missing: 1, usage: 2, environment: 3, cancelled: 130 } as const;

const ACTIONS: Readonly<Record<string, Action>> = {
  setup: runSetup,
  teardown: runTeardown,
  demo: async (args, signal) => (await import('../demo')).demo(args, signal),
  test: async (args, signal) => (await import('../run')).test(args, signal),
  bench: async (args, signal) => (await import('../bench/main')).bench(args, signal),
  'vapp-environment': printVappEnvironment,
};

async function runSetup(args: readonly string[], signal: AbortSignal): Promise<number> {
  const wrong = unknownOption(args, ['--check', '--env']);
  if (wrong !== undefined) return usage(`setup does not know ${wrong}; it knows --check and --env.`);
  if (args.includes('--check')) {
    const { text, complete } = await checkStack(layoutFor(), signal);
    process.stdout.write(text);
    return complete ? EXIT.done : EXIT.missing;
  }
  if (args.includes('--env')) {
    // Fails with what to do when there is nothing to export.
    await stackEnvironment();
    const state = await readState(layoutFor());
    if (state) process.stdout.write(exportLines(layoutFor(), state));
    return EXIT.done;
  }
  await setup(signal);
  process.stderr.write('The stack is up. For a shell: eval "$(npm run --silent setup -- --env)"\n');
  return EXIT.done;
}

async function runTeardown(args: readonly string[], signal: AbortSignal): Promise<number> {
  const wrong = unknownOption(args, ['--cache']);
  if (wrong !== undefined) return usage(`teardown does not know ${wrong}; it knows --cache.`);
  await teardown(args, signal);
  return EXIT.done;
}

/** For bootstrap.mjs, which then becomes `vapp`: its environment as JSON on stdout. */
async function printVappEnvironment(_args: readonly string[], signal: AbortSignal): Promise<number> {
  const env = await stackEnvironment();
  await ensureVappBuilt(signal);
  process.stdout.write(JSON.stringify(env));
  return EXIT.done;
}

function unknownOption(args: readonly string[], known: readonly string[]): string | undefined {
  return args.find((arg) => !known.includes(arg));
}

function usage(message: string): number {
  process.stderr.write(`${message}\n`);
  return EXIT.usage;
}

async function main([command = '', ...args]: readonly string[], signal: AbortSignal): Promise<number> {
  const action = ACTIONS[command];
  if (!action) return usage(`Usage: npm run setup|teardown|demo|vapp|bench|test [-- ARGUMENTS]`);
  try {
    return await action(args, signal);
  } catch (error) {
    if (signal.aborted && isCancelled(error, signal)) {
      process.stderr.write(`\nEnded by ${received ?? 'nobody'}.\n`);
      return EXIT.cancelled;
    }
    if (!(error instanceof Failure)) throw error;
    process.stderr.write(`\n${formatFailure(error)}`);
    return error.fault === 'environment' ? EXIT.environment : EXIT.missing;
  }
}

function formatFailure({ summary, evidence, nextSteps }: Failure): string {
  return [summary, ...evidence.map((line) => `    ${line}`), ...nextSteps.map((step) => `  → ${step}`)]
    .map((line) => `${line}\n`)
    .join('');
}

const cancel = new AbortController();
let received: NodeJS.Signals | undefined;
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    received ??= name;
    cancel.abort();
  });
}

main(process.argv.slice(2), cancel.signal).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error);
    process.exitCode = EXIT.missing;
  },
);
