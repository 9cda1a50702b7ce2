import assert from 'node:assert/strict';
import { parseDocument } from 'yaml';
import { mergeInto } from '../../../src/deploy/package';
import { testObject } from '../../../src/deploy/release-test';

describe('the tests of a release', () => {
  it('are pods by their labels, and jobs by the name that their pods carry', () => {
    const pod = 'kind: Pod\nmetadata: { name: app-test, labels: { a: "1", b: x } }\n';
    assert.deepEqual(testObject(pod, 'apps'), {
      kind: 'Pod',
      name: 'app-test',
      namespace: 'apps',
      selector: 'a=1,b=x',
    });
    const job = 'kind: Job\nmetadata: { name: check, namespace: other }\n';
    assert.deepEqual(testObject(job, 'apps'), {
      kind: 'Job',
      name: 'check',
      namespace: 'other',
      selector: 'batch.kubernetes.io/job-name=check',
    });
    assert.equal(testObject('kind: Pod\nmetadata: { name: bare }\n', 'apps')?.selector, '');
    assert.equal(testObject('kind: ConfigMap\nmetadata: { name: files }\n', 'apps'), undefined);
    assert.equal(testObject('', 'apps'), undefined);
  });
});

describe('the values of a package', () => {
  const merged = (text: string, ...sets: Record<string, unknown>[]) => {
    const document = parseDocument(text);
    mergeInto(document, [], sets);
    return document.toString();
  };

  it('keep comments and order, merge maps and replace all else', () => {
    const text = '# the image\nimage:\n  repository: "" # where\n  tag: old\nlist: [1, 2]\n';
    const sets = [
      { image: { repository: 'r' }, list: [3] },
      { image: { tag: null }, env: { A: '1' } },
    ];
    assert.equal(
      merged(text, ...sets),
      '# the image\nimage:\n  repository: r # where\n  tag: null\nlist:\n  - 3\nenv:\n  A: "1"\n',
    );
  });

  it('begin with none', () => {
    assert.equal(merged('', { a: { b: 1 } }), 'a:\n  b: 1\n');
    assert.equal(merged('# only words\n', { a: 1 }), '# only words\n\na: 1\n');
  });

  it('leave alone what an alias stands for', () => {
    const text = 'base: &base\n  a: 1\nother: *base\n';
    assert.equal(merged(text, { other: { b: 2 } }), 'base: &base\n  a: 1\nother:\n  a: 1\n  b: 2\n');
  });
});
