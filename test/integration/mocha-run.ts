import { appendFileSync, writeFileSync } from 'node:fs';
import { format } from 'node:util';
import Mocha from 'mocha';
import { countsOf, type Counts } from '../support/counts';

declare global {
  /** Loads the test files, once mocha's globals are there. */
  var vappTestFiles: (() => void)[];
}

const TIMEOUT_MS = 60_000;

/** Called by VS Code in the extension host. Rejects when a test failed. */
export async function run(): Promise<void> {
  const { VAPP_TEST_COUNTS = '', VAPP_TEST_LOG = '' } = process.env;
  // In a remote extension host the console ends in the browser.
  const log = (...args: unknown[]) => appendFileSync(VAPP_TEST_LOG, `${format(...args)}\n`);
  (Mocha.reporters.Base as unknown as { consoleLog: typeof log }).consoleLog = log;
  const mocha = new Mocha({ ui: 'bdd', color: false, timeout: TIMEOUT_MS, reporter: 'spec' });
  mocha.suite.emit('pre-require', globalThis as never, '', mocha);
  for (const load of globalThis.vappTestFiles) load();
  const counts = await new Promise<Counts>((resolve) => {
    const runner = mocha.run(() => resolve(counts()));
    const counts = countsOf(runner);
  });
  writeFileSync(VAPP_TEST_COUNTS, JSON.stringify(counts));
  if (counts.failed > 0) throw new Error(`${counts.failed} tests failed`);
}
