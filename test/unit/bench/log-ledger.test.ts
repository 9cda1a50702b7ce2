import assert from 'node:assert/strict';
import { LogLedger, faultsText } from '../../bench/log-ledger';
import { readWritten } from '../../bench/log-written';

function faultsOf(numbers: readonly number[]) {
  const ledger = new LogLedger();
  for (const number of numbers) ledger.note({ pod: 'a', number });
  return ledger.faults;
}

describe('the ledger of numbered lines', () => {
  it('finds nothing in lines that came once and in order, from whichever on', () => {
    assert.deepEqual(faultsOf([7, 8, 9]), { lost: 0, doubled: 0, disordered: 0 });
    assert.equal(faultsText(faultsOf([7, 8, 9])), undefined);
  });

  it('tells lines that are lost, doubled and out of order apart', () => {
    assert.deepEqual(faultsOf([1, 4]), { lost: 2, doubled: 0, disordered: 0 });
    assert.deepEqual(faultsOf([1, 2, 2]), { lost: 0, doubled: 1, disordered: 0 });
    assert.deepEqual(faultsOf([1, 3, 2]), { lost: 0, doubled: 0, disordered: 1 });
    assert.equal(faultsText(faultsOf([1, 3, 3, 2, 5])), '1 lines lost, 1 doubled, 1 out of order');
  });

  it('takes what comes late out of the middle of what is missing', () => {
    assert.deepEqual(faultsOf([1, 9, 5, 5, 7, 2]), { lost: 4, doubled: 1, disordered: 3 });
  });

  it('keeps an account of each pod', () => {
    const ledger = new LogLedger();
    for (const [pod, number] of [
      ['a', 1],
      ['b', 5],
      ['a', 2],
      ['b', 6],
    ] as const)
      ledger.note({ pod, number });
    assert.equal(ledger.podsBeyond(1), 2);
    assert.equal(faultsText(ledger.faults), undefined);
  });

  it('knows which pods have written so much, also where it did not arrive', () => {
    const ledger = new LogLedger();
    for (const [pod, number] of [
      ['a', 1],
      ['b', 5],
      ['a', 11],
      ['b', 14],
    ] as const)
      ledger.note({ pod, number });
    assert.equal(ledger.podsBeyond(9), 2);
    assert.equal(ledger.podsBeyond(10), 1);
  });
});

describe('the lines of writers', () => {
  it('are read whatever a client puts before them', () => {
    const line = 'line 3 writers-1 17 1795893615.500000 0123';
    const written = { kind: 'line', order: 3, pod: 'writers-1', number: 17, at: 1795893615500 };
    for (const before of ['', 'writers-1 app ', '[pod/writers-1/app] ']) {
      assert.deepEqual(readWritten(`${before}${line}`), written);
    }
  });

  it('may be without a time, and others are none', () => {
    assert.equal(readWritten('last 3 writers-1 18 0 0123')?.at, 0);
    assert.equal(readWritten('line 3 writers-1'), undefined);
    assert.equal(readWritten('── writers-1/app ended'), undefined);
  });
});
