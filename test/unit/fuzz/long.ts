// Required by `npm run test:fuzz` before the tests are.
import type { Context, RootHookObject } from 'mocha';
import { saveFigures } from '../../support/figures';

const inputs = (process.env['VAPP_FUZZ_RUNS'] ??= '20000');

/** Milliseconds that each test took that has passed, by what was tested. */
const passed = new Map<string, number[]>();
let failed = 0;

/** Prints what the long form came to, and keeps it. */
export const mochaHooks: RootHookObject = {
  afterEach(this: Context) {
    const { currentTest } = this;
    const [suite = ''] = currentTest?.titlePath() ?? [];
    if (currentTest?.state === 'failed') failed += 1;
    else passed.set(suite, [...(passed.get(suite) ?? []), currentTest?.duration ?? 0]);
  },
  async afterAll() {
    const rows = [...passed].map(([suite, times]) => [suite, times.length, (Math.max(...times) / 1000).toFixed(1)]);
    const tests = [...passed.values()].flat().length;
    await saveFigures(
      'fuzz',
      {
        columns: ['suite', 'tests passed', 'the slowest, s'],
        rows,
        notes: [`${tests} tests passed, ${failed} failed; ${inputs} inputs for each property.`],
      },
      { keep: Number(inputs) >= 20_000 },
    );
  },
};
