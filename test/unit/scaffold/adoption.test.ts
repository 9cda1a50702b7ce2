import assert from 'node:assert/strict';
import {
  blobId,
  planAdoption,
  readRecord,
  type AdoptionGround,
  type GeneratedFile,
} from '../../../src/scaffold/adoption';

const PATH = 'vapp.yaml';
const generated = (content: string, path = PATH): GeneratedFile => ({ path, content });

function ground(
  files: Readonly<Record<string, string>>,
  before: Readonly<Record<string, string>> = {},
  more: Partial<AdoptionGround> = {},
): AdoptionGround {
  const blobs = new Map(Object.values(before).map((content) => [blobId(content), content]));
  return {
    current: (path) => Promise.resolve(files[path]),
    record: Object.fromEntries(Object.entries(before).map(([path, content]) => [path, blobId(content)])),
    generatedBefore: (blob) => Promise.resolve(blobs.get(blob)),
    merge: (user, ancestor, ours) => Promise.resolve(`${user}+${ours}-${ancestor}`),
    ...more,
  };
}

describe('what becomes of generated files in a repository that exists', () => {
  it('is told by the id that git gives to a content', () => {
    // `printf 'hello\n' | git hash-object --stdin`
    assert.equal(blobId('hello\n'), 'ce013625030ba8dba906f756967f9e9ca394464a');
  });

  it('adds what is not there, and remembers it', async () => {
    const plan = await planAdoption([generated('new')], ground({}));
    assert.deepEqual(plan.files, [{ path: PATH, change: 'add', write: generated('new') }]);
    assert.deepEqual(plan.record, { [PATH]: blobId('new') });
  });

  it('keeps what never was ours, and does not take it for ours later', async () => {
    const plan = await planAdoption([generated('new')], ground({ [PATH]: 'mine' }));
    assert.deepEqual(plan, { files: [{ path: PATH, change: 'kept' }], record: {} });
  });

  it('finds nothing to do the second time', async () => {
    const plan = await planAdoption([generated('a')], ground({ [PATH]: 'a' }, { [PATH]: 'a' }));
    assert.deepEqual(plan, { files: [{ path: PATH, change: 'same' }], record: { [PATH]: blobId('a') } });
  });

  it('takes for ours what somebody wrote just as it would be generated', async () => {
    const plan = await planAdoption([generated('a')], ground({ [PATH]: 'a' }));
    assert.deepEqual(plan, { files: [{ path: PATH, change: 'same' }], record: { [PATH]: blobId('a') } });
  });

  it('updates what nobody touched', async () => {
    const plan = await planAdoption([generated('b')], ground({ [PATH]: 'a' }, { [PATH]: 'a' }));
    assert.deepEqual(plan.files, [{ path: PATH, change: 'update', write: generated('b') }]);
    assert.deepEqual(plan.record, { [PATH]: blobId('b') });
  });

  it('keeps what only the user changed, time and again', async () => {
    const plan = await planAdoption([generated('a')], ground({ [PATH]: 'mine' }, { [PATH]: 'a' }));
    assert.deepEqual(plan, { files: [{ path: PATH, change: 'kept' }], record: { [PATH]: blobId('a') } });
  });

  it('merges what both changed', async () => {
    const plan = await planAdoption([generated('b')], ground({ [PATH]: 'mine' }, { [PATH]: 'a' }));
    assert.deepEqual(plan.files, [{ path: PATH, change: 'merge', write: generated('mine+b-a') }]);
    assert.deepEqual(plan.record, { [PATH]: blobId('b') });
  });

  for (const [why, more] of [
    ['both changed in the same place', { merge: () => Promise.resolve(undefined) }],
    ['nobody knows any more', { generatedBefore: () => Promise.resolve(undefined) }],
  ] as const) {
    it(`puts ours beside the user's where ${why}`, async () => {
      const plan = await planAdoption([generated('b')], ground({ [PATH]: 'mine' }, { [PATH]: 'a' }, more));
      assert.deepEqual(plan.files, [{ path: PATH, change: 'conflict', write: generated('b', 'vapp.yaml.vapp-new') }]);
      assert.deepEqual(plan.record, { [PATH]: blobId('b') });
    });
  }

  it('does not bring back what the user deleted', async () => {
    const plan = await planAdoption([generated('b')], ground({}, { [PATH]: 'a' }));
    assert.deepEqual(plan, { files: [{ path: PATH, change: 'removed' }], record: { [PATH]: blobId('a') } });
  });

  it('writes the user’s own file with what was added to it, and never takes it for ours', async () => {
    const extended = { ...generated('mine and more'), extended: true } as const;
    const plan = await planAdoption([extended], ground({ [PATH]: 'mine' }));
    assert.deepEqual(plan, { files: [{ path: PATH, change: 'update', write: extended }], record: {} });
    const again = await planAdoption([extended], ground({ [PATH]: 'mine and more' }));
    assert.deepEqual(again, { files: [{ path: PATH, change: 'same' }], record: {} });
  });

  describe('a workflow whose name is taken', () => {
    const OURS = generated('ours', '.github/workflows/ci.yml');
    const OTHER = { ...OURS, path: '.github/workflows/vapp-ci.yml' };

    it('gets another one', async () => {
      const plan = await planAdoption([OURS], ground({ [OURS.path]: 'theirs' }));
      assert.deepEqual(plan.files, [{ path: OTHER.path, change: 'add', write: OTHER }]);
    });

    it('keeps that one at the next time', async () => {
      const plan = await planAdoption([OURS], ground({ [OTHER.path]: 'old' }, { [OTHER.path]: 'old' }));
      assert.deepEqual(plan.files, [{ path: OTHER.path, change: 'update', write: OTHER }]);
    });

    it('needs none where the name is free or has been ours', async () => {
      const free = await planAdoption([OURS], ground({}));
      assert.equal(free.files[0]?.path, OURS.path);
      const owned = await planAdoption([OURS], ground({ [OURS.path]: 'mine' }, { [OURS.path]: 'old' }));
      assert.equal(owned.files[0]?.path, OURS.path);
    });
  });
});

describe('the record of what was generated', () => {
  it('is what says the content of each file, and nothing else', () => {
    const generated = { [PATH]: blobId('a') };
    assert.deepEqual(readRecord(JSON.stringify({ generated })), generated);
    for (const text of [
      '',
      'null',
      '{}',
      '{"generated":""}',
      '{"generated":[]}',
      '{"generated":7}',
      '{"generated":{"a":1}}',
    ]) {
      assert.equal(readRecord(text), undefined, text);
    }
    assert.equal(readRecord(JSON.stringify({ generated: { [PATH]: [blobId('a')] } })), undefined);
  });
});
