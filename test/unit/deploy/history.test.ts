import assert from 'node:assert/strict';
import { relevantRevision, repair, rollbackTarget, servingRevision, undo } from '../../../src/deploy/history';
import type { Helm, KubeApi, ReleaseRecord } from '../../../src/tools';

/** Newest first, e.g. `3 pending-upgrade`, `2 deployed`. */
function history(...entries: string[]): ReleaseRecord[] {
  return entries.map((entry) => {
    const [revision, status = ''] = entry.split(' ');
    return { revision: Number(revision), status, labels: {}, updated: '2026-01-01T00:00:00Z', manifest: '' };
  });
}

function recorder() {
  const calls: string[] = [];
  const helm = {
    rollback: (_release: string, _namespace: string, revision: number) => {
      calls.push(`rollback ${revision}`);
      return Promise.resolve();
    },
    uninstall: () => {
      calls.push('uninstall');
      return Promise.resolve();
    },
  } as unknown as Helm;
  return { calls, handle: { helm, release: 'rel', namespace: 'default' } };
}

/** An API whose only answer is a list of release Secrets. */
function apiWith(records: readonly ReleaseRecord[]): KubeApi {
  const items = records.map(({ revision, status }) => ({
    metadata: { labels: { version: String(revision), status } },
  }));
  return { list: () => Promise.resolve({ items, resourceVersion: '1' }) } as unknown as KubeApi;
}

describe('the history of a release', () => {
  it('knows which revision serves', () => {
    assert.equal(servingRevision(history('3 pending-upgrade', '2 deployed', '1 superseded'))?.revision, 2);
    assert.equal(servingRevision(history('3 failed', '2 superseded'))?.revision, 2);
    assert.equal(servingRevision(history('1 pending-install')), undefined);
    assert.equal(relevantRevision(history('2 failed', '1 deployed'))?.revision, 1);
    assert.equal(relevantRevision(history('1 failed'))?.revision, 1);
  });

  describe('repair', () => {
    const cases: [string[], string[]][] = [
      [['2 pending-upgrade', '1 deployed'], ['rollback 1']],
      [['3 pending-rollback', '2 deployed', '1 superseded'], ['rollback 2']],
      [['1 pending-install'], ['uninstall']],
      [['2 pending-upgrade', '1 failed'], ['uninstall']],
      [['1 uninstalling'], ['uninstall']],
      [['2 deployed', '1 superseded'], []],
      [['2 failed', '1 deployed'], []],
      [[], []],
    ];
    for (const [entries, expected] of cases) {
      it(`${entries.join(', ') || 'nothing'} → ${expected.join() || 'untouched'}`, async () => {
        const { calls, handle } = recorder();
        const said = await repair(handle, history(...entries), {});
        assert.deepEqual(calls, expected);
        assert.equal(said === undefined, expected.length === 0);
      });
    }
  });

  describe('undo', () => {
    const cases: { before: string[]; now: string[]; expected: string[] }[] = [
      { before: [], now: ['1 deployed'], expected: ['uninstall'] },
      { before: [], now: ['1 pending-install'], expected: ['uninstall'] },
      { before: ['1 deployed'], now: ['2 pending-upgrade', '1 deployed'], expected: ['rollback 1'] },
      { before: ['1 deployed'], now: ['2 deployed', '1 superseded'], expected: ['rollback 1'] },
      { before: ['1 deployed'], now: ['2 failed', '1 deployed'], expected: ['rollback 1'] },
      { before: ['1 deployed'], now: ['1 deployed'], expected: [] },
      { before: ['1 deployed'], now: ['3 deployed', '2 superseded'], expected: [] },
      {
        before: ['2 pending-upgrade', '1 deployed'],
        now: ['2 pending-upgrade', '1 deployed'],
        expected: ['rollback 1'],
      },
      { before: [], now: [], expected: [] },
    ];
    for (const { before, now, expected } of cases) {
      it(`[${before.join(', ')}] then [${now.join(', ')}] → ${expected.join() || 'untouched'}`, async () => {
        const { calls, handle } = recorder();
        await undo(apiWith(history(...now)), handle, history(...before));
        assert.deepEqual(calls, expected);
      });
    }
  });

  it('goes back past revisions that differ in their tests alone', () => {
    const records = history('4 deployed', '3 superseded', '2 superseded', '1 superseded').map((record, index) => ({
      ...record,
      labels: { 'vapp-content': ['new', 'new', 'old', 'old'][index] ?? '' },
    }));
    assert.equal(rollbackTarget('rel', records).revision, 2);
    assert.equal(rollbackTarget('rel', records.slice(0, 2)).revision, 3, 'where there is nothing else');
  });

  it('says where a rollback goes', () => {
    const full = history('4 deployed', '3 failed', '2 superseded', '1 superseded');
    assert.equal(rollbackTarget('rel', full).revision, 2);
    assert.equal(rollbackTarget('rel', full, 1).revision, 1);
    assert.throws(() => rollbackTarget('rel', full, 9), { code: 'revision-not-found', fault: 'usage' });
    assert.throws(() => rollbackTarget('rel', history('1 deployed')), { code: 'nothing-to-roll-back' });
    assert.throws(() => rollbackTarget('rel', []), { code: 'nothing-to-roll-back' });
  });
});
