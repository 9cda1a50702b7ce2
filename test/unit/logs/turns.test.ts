import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Turns } from '../../../src/logs/turns';

const READ = 64 * 1024;
const TURN_READS = 4;

describe('turns of those who read logs', () => {
  it('nobody waits for what is little', () => {
    const turns = new Turns();
    for (let read = 1; read < TURN_READS; read++) assert.equal(turns.took(READ), undefined);
  });

  it('nobody waits when others have had their turn since', async () => {
    const turns = new Turns();
    for (let read = 1; read < 3 * TURN_READS; read++) {
      assert.equal(turns.took(READ), undefined);
      await nextTurn();
    }
  });

  it('a hundred who have much get no more than a turn has room for, and each the same', async () => {
    const turns = new Turns();
    const reads = new Array<number>(100).fill(0);
    let working = true;
    const readers = reads.map(async (_, reader) => {
      while (working) {
        reads[reader] = (reads[reader] ?? 0) + 1;
        await turns.took(READ);
      }
    });
    const total = () => reads.reduce((sum, count) => sum + count, 0);
    try {
      await nextTurn();
      for (let turn = 0; turn < 100; turn++) {
        const before = total();
        await nextTurn();
        assert.ok(total() - before <= TURN_READS, `${total() - before} reads in one turn`);
      }
      assert.ok(Math.max(...reads) - Math.min(...reads) <= 1, reads.join());
    } finally {
      working = false;
      await Promise.all(readers);
    }
  });
});
