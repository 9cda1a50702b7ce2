import assert from 'node:assert/strict';
import { GatheredOutput } from '../../../src/cli/gathered-output';

class Writes {
  readonly isTTY = true;
  readonly columns = 80;
  readonly texts: string[] = [];

  write(text: string): void {
    this.texts.push(text);
  }
}

describe('vapp: gathered output', () => {
  it('writes in one piece what is written in one go', async () => {
    const writes = new Writes();
    const out = new GatheredOutput(writes);
    out.write('one\n');
    out.write('two\n');
    assert.deepEqual(writes.texts, []);
    await Promise.resolve();
    assert.deepEqual(writes.texts, ['one\ntwo\n']);
    out.write('three\n');
    await Promise.resolve();
    assert.deepEqual(writes.texts, ['one\ntwo\n', 'three\n']);
  });

  it('writes at once what somebody needs now, and only once', async () => {
    const writes = new Writes();
    const out = new GatheredOutput(writes);
    out.write('one\n');
    out.flush();
    out.flush();
    await Promise.resolve();
    assert.deepEqual(writes.texts, ['one\n']);
  });

  it('is as wide as what it writes to', () => {
    const { isTTY, columns } = new GatheredOutput(new Writes());
    assert.deepEqual({ isTTY, columns }, { isTTY: true, columns: 80 });
  });
});
