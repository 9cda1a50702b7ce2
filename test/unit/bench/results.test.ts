import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mergeRows, saveResults, type MeasuredRow } from '../../bench/results';
import { rowOf } from '../../bench/statistics';

const scenarios = ['first', 'second', 'third'].map((name) => ({ name, description: `what ${name} is` }));
const machine = { cores: 2, memory: '24 GiB', versions: { node: '20.19.0' } };

function row(name: string, value: number, commit = 'abc1234'): MeasuredRow {
  const measured = { date: '2026-11-24T12:34:56.000Z', commit, othersLoad: [0.1, 0.2] as const };
  return { ...rowOf(name, 's', [value], {}), measured };
}

describe('bench: results', () => {
  it('puts a new row in the place of the one of its name, and keeps the others in order', () => {
    const merged = mergeRows([row('third', 3), row('first', 1)], [row('second', 2), row('first', 9)], scenarios);
    assert.deepEqual(
      merged.map(({ name, median }) => [name, median]),
      [
        ['first', 9],
        ['second', 2],
        ['third', 3],
      ],
    );
  });

  it('forgets what is not measured any more', () => {
    assert.deepEqual(mergeRows([row('gone', 1)], [], scenarios), []);
  });

  it('keeps the rows of one measurement together', () => {
    const merged = mergeRows([row('second/size', 5), row('third', 3)], [row('second', 2)], scenarios);
    assert.deepEqual(
      merged.map(({ name }) => name),
      ['second/size', 'second', 'third'],
    );
  });

  it('gives a row to the scenario of the longest name', () => {
    const nested = [...scenarios, { name: 'first/large', description: 'another' }];
    const merged = mergeRows([], [row('first/large', 5), row('first/large/size', 6), row('first', 1)], nested);
    assert.deepEqual(
      merged.map(({ name }) => name),
      ['first', 'first/large', 'first/large/size'],
    );
  });

  it('builds up a table over several runs, each row with what it was measured under', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vapp-results-'));
    try {
      await saveResults(folder, [row('second', 2, 'aaaaaaa')], machine, scenarios);
      await saveResults(folder, [row('first', 1, 'bbbbbbb')], machine, scenarios);
      const { rows } = JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')) as { rows: MeasuredRow[] };
      assert.deepEqual(
        rows.map(({ name, measured }) => [name, measured.commit]),
        [
          ['first', 'bbbbbbb'],
          ['second', 'aaaaaaa'],
        ],
      );
      assert.match(await readFile(join(folder, 'results.svg'), 'utf8'), /^<svg /);
      const table = await readFile(join(folder, 'README.md'), 'utf8');
      assert.match(table, /\*\*first\*\* \(1 run\) \| ours \| 1 s/);
      assert.match(table, /\| second \| 2026-11-24 12:34 UTC \| aaaaaaa \| 0.1 and 0.2 \|/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
