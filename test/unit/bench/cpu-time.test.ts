import assert from 'node:assert/strict';
import { parseProcessTimes, ticksOf, type ProcessTimes } from '../../bench/cpu-time';

const process = (pid: number, parent: number, own: number, ofEnded = 0): ProcessTimes => ({
  pid,
  parent,
  own,
  ofEnded,
});

describe('bench: CPU time', () => {
  it('reads what the kernel says of a process, whatever its name is', () => {
    const stat =
      '4242 (node (a) b) S 17 4242 4242 0 -1 4194560 91 7 0 0 150 25 30 5 20 0 11 0 8400 1090519040 15000 18446744073709551615';
    assert.deepEqual(parseProcessTimes(stat), process(4242, 17, 175, 35));
  });

  it('adds up a process, what it has started, and what of that has ended, and nothing else', () => {
    const processes = [
      process(1, 0, 1000),
      process(2, 1, 10, 5),
      process(3, 2, 20),
      process(4, 3, 40, 2),
      process(5, 1, 80),
    ];
    assert.equal(ticksOf(2, processes), 77);
  });

  it('does not take a process that is gone for one that used nothing', () => {
    assert.throws(() => ticksOf(9, []), /no process 9/);
  });
});
