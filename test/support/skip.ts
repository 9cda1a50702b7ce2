import type { Context } from 'mocha';

/** Skips the current test, or all of a suite when it is called in `before`, and says why. */
export function skipBecause(context: Context, reason: string): never {
  process.stdout.write(`      skipped: ${reason}\n`);
  return context.skip();
}
