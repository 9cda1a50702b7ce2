import assert from 'node:assert/strict';
import { Failure } from '../../../src/base';
import { explainedOf, notAllowed, platformsOf } from '../../../src/run/remote-cluster';
import { KubeApiFailure, clusterUnreachable } from '../../../src/tools';

const CONTEXT = { name: { value: 'team' }, registry: { value: 'registry.test/apps' }, services: {} };

describe('run: the cluster of a context', () => {
  it('has the platforms of its Linux nodes, each once', () => {
    const node = (os: string, arch: string) => ({
      metadata: { labels: { 'kubernetes.io/os': os, 'kubernetes.io/arch': arch } },
    });
    const nodes = [
      node('linux', 'arm64'),
      node('linux', 'amd64'),
      node('windows', 'amd64'),
      node('linux', 'arm64'),
      {},
    ];
    assert.deepEqual(platformsOf(nodes), ['linux/amd64', 'linux/arm64']);
    assert.deepEqual(platformsOf([]), []);
  });

  it('is named where it does not answer or refuses, instead of the local runtime', () => {
    const silent = explainedOf(clusterUnreachable('https://cluster.test', new Error('timeout')), CONTEXT);
    const refused = explainedOf(new KubeApiFailure(403, 'Forbidden', 'no secrets for you', 'GET /x'), CONTEXT);
    assert.ok(silent instanceof Failure && refused instanceof Failure);
    assert.equal(silent.summary, 'The cluster of the context "team" does not answer.');
    assert.ok(![silent.summary, ...silent.evidence, ...silent.nextSteps].join().includes('vapp up'));
    assert.equal(refused.code, 'context-denied');
    assert.match(refused.summary, /no secrets for you/);
    const other = new Error('a defect');
    assert.equal(explainedOf(other, CONTEXT), other);
  });

  it('is refused where vapp.yaml does not allow it, with the way to allow it and what that means', () => {
    const range = { file: '/r/vapp.yaml', start: { line: 3, column: 5 }, end: { line: 3, column: 9 } };
    const failure = notAllowed('prod', ['team'], range, '/r/vapp.yaml');
    assert.equal(failure.code, 'context-not-allowed');
    assert.deepEqual(failure.range, range);
    assert.match(failure.nextSteps.join('\n'), /name: "prod"/);
    assert.equal(notAllowed('prod', [], undefined, '/r/vapp.yaml').range?.file, '/r/vapp.yaml');
  });
});
