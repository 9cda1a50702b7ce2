// Runs one suite in an extension host: a process of its own, whose output is not mixed with the results.
import { runSuite, type SuiteRun } from '../integration/run-suite';

/** The argument, as JSON. */
export type SuiteRequest = Omit<SuiteRun, 'env'>;

async function main(): Promise<number> {
  const request = JSON.parse(process.argv[2] ?? '') as SuiteRequest;
  const { passed, failed } = await runSuite({ ...request, env: process.env });
  return passed > 0 && failed === 0 ? 0 : 1;
}

// @vscode/test-electron passes on SIGINT, and nothing else.
for (const name of ['SIGTERM', 'SIGHUP'] as const) process.on(name, () => process.emit('SIGINT'));
main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
