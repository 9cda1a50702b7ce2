import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parse } from 'jsonc-parser';
import {
  BESIDE,
  blobId,
  complaintAboutName,
  FEATURE,
  fillIn,
  planAdoption,
  readRecord,
  withFeature,
  type GeneratedFile,
} from '../../../src/scaffold';
import { babble, damaged, long, RUNS } from './support';

const DEVCONTAINER = `// comment
{
\t"name": "x",
\t"features": {
\t\t"ghcr.io/devcontainers/features/node:1": {}, // why
\t},
}
`;
const WORDS = [
  ...['{', '}', '[', ']', ':', ',', '"', ' ', '\n', '// x\n', '/*', '*/', '"features"', '"name"', 'null', 'true', '1'],
  ...[`"${FEATURE}"`, '"__proto__"', '{}', '[]'],
];

describe('fuzzing devcontainer.json', () => {
  it('adds the Feature and nothing else, once, to what can take it', () => {
    const object = fc
      .dictionary(fc.constantFrom('features', 'name', '__proto__'), fc.jsonValue())
      .map((value) => JSON.stringify(value));
    fc.assert(
      fc.property(fc.oneof(damaged([DEVCONTAINER, '{}'], WORDS), babble(WORDS), object, fc.json()), (text) => {
        const extended = withFeature(text);
        if (extended === undefined) return;
        assert.equal(withFeature(extended), extended);
        if (extended === text) return;
        const { features, ...others } = parse(extended) as { features: Record<string, unknown> };
        const { features: before = {}, ...othersBefore } = parse(text) as { features?: Record<string, unknown> };
        assert.deepEqual(others, othersBefore);
        assert.deepEqual(features, { ...before, [FEATURE]: {} });
      }),
      RUNS,
    );
  });

  it('comes to an end with whatever is long', () => {
    for (const part of ['[', '{"a":', '{"features":', '/*', '// ', ' ', '"a",', ',', '\t\n', '"']) {
      assert.equal(withFeature(long(part)), undefined);
    }
    assert.ok(withFeature(`{${long(' ')}\n${long('\t')}"a": 1}`));
  });
});

describe('fuzzing what was remembered of adopting', () => {
  it('takes for a record only what says of each file which content it had', () => {
    const words = ['{', '}', '"generated"', ':', ',', '"a"', 'null', '""', '[]', `"${blobId('')}"`];
    const text = fc.oneof(
      damaged([JSON.stringify({ generated: { 'vapp.yaml': blobId('a') } })], words),
      fc.oneof(fc.jsonValue(), fc.constant('')).map((generated) => JSON.stringify({ generated })),
      babble(words),
    );
    fc.assert(
      fc.property(text, (content) => {
        const record = readRecord(content);
        if (!record) return;
        assert.equal(typeof record, 'object');
        for (const id of Object.values(record)) assert.match(id, /^[0-9a-f]{40}$/);
      }),
      RUNS,
    );
  });

  it('never plans to overwrite what a user has changed', async () => {
    const path = fc.constantFrom('a', 'b/c', '.github/workflows/x.yml', '__proto__', 'constructor');
    const content = fc.constantFrom('', 'one', 'two', 'three');
    const state = fc.record({
      current: fc.option(content, { nil: undefined }),
      before: fc.option(content, { nil: undefined }),
      generated: content,
      merges: fc.boolean(),
      isKnown: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.tuple(path, state), { selector: ([name]) => name }), async (states) => {
        const byPath = new Map<string, (typeof states)[number][1]>(states);
        const files: GeneratedFile[] = states.map(([name, { generated }]) => ({ path: name, content: generated }));
        const record = Object.fromEntries(
          states.flatMap(([name, { before }]) => (before === undefined ? [] : [[name, blobId(before)]])),
        );
        const plan = await planAdoption(files, {
          current: (name) => Promise.resolve(byPath.get(name)?.current),
          record,
          generatedBefore: (id) =>
            Promise.resolve(
              states.find(([, { before, isKnown }]) => isKnown && before !== undefined && blobId(before) === id)?.[1]
                .before,
            ),
          merge: (user, before, ours) =>
            Promise.resolve(states[0]?.[1].merges ? [user, before, ours].join('|') : undefined),
        });
        assert.equal(plan.files.length, files.length);
        for (const { path: name, write } of plan.files) {
          const { current, before, generated } = byPath.get(name) ?? {};
          if (write === undefined || current === undefined || write.path !== name) continue;
          const isMerged = write.content === [current, before, generated].join('|');
          assert.ok(current === before || isMerged, `${name} would be lost`);
        }
        for (const { change, write } of plan.files)
          assert.equal(change === 'conflict', write?.path.endsWith(BESIDE) ?? false);
        assert.deepEqual(readRecord(JSON.stringify({ generated: plan.record })), plan.record);
      }),
      RUNS,
    );
  });
});

describe('fuzzing templates', () => {
  it('replaces every option, and nothing else', () => {
    const words = [
      '${templateOption:',
      'appName',
      ' ',
      '}',
      '${',
      'toString',
      'constructor',
      '__proto__',
      '$&',
      '$1',
      'x',
    ];
    fc.assert(
      fc.property(babble(words), babble(words), (text, value) => {
        const filled = fillIn(text, { appName: value });
        const parts = text.split(/\$\{templateOption:\s*\w+\s*\}/);
        let at = 0;
        for (const part of parts) {
          const found = filled.indexOf(part, at);
          assert.ok(found >= 0);
          at = found + part.length;
        }
        const names = [...text.matchAll(/\$\{templateOption:\s*(\w+)\s*\}/g)].map(([, name]) => name);
        const length = parts.join('').length + names.filter((name) => name === 'appName').length * value.length;
        assert.equal(filled.length, length);
      }),
      RUNS,
    );
  });

  it('takes for the name of an app only what source code, topics and images can take', () => {
    fc.assert(
      fc.property(babble(['a', 'B', '-', '_', '1']), (name) => {
        if (complaintAboutName(name) === undefined) assert.match(name, /^[A-Za-z][\w-]{0,62}$/);
      }),
      RUNS,
    );
  });
});
