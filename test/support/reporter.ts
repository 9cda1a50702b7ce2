import { writeFileSync } from 'node:fs';
import { reporters, type MochaOptions, type Runner } from 'mocha';
import { countsOf } from './counts';

const CANCELLED = 130;
/** Shorter than the time that `npm test` gives before it ends everything for good. */
const DISPOSAL_LIMIT_MS = 45_000;

/** Mocha's spec reporter, which also leaves the counts in a file for the end of `npm test`. */
class CountingReporter extends reporters.Spec {
  constructor(runner: Runner, options?: MochaOptions) {
    super(runner, options);
    const counts = countsOf(runner);
    // The current test comes to its end, what it and its suite own is disposed of, and no other test is run.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        runner.abort();
        // What was cut short has not passed.
        runner.failures ||= 1;
        setTimeout(() => process.exit(CANCELLED), DISPOSAL_LIMIT_MS).unref();
      });
    }
    const file = process.env['VAPP_TEST_COUNTS'];
    if (file) runner.once('end', () => writeFileSync(file, JSON.stringify(counts())));
  }
}

module.exports = CountingReporter;
