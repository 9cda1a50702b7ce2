import assert from 'node:assert/strict';
import { sleep } from '../../../src/base';
import { Warnings } from '../../../src/deploy';
import { FakeCluster, warning } from '../state/fakes';

const EVENTS = '/api/v1/namespaces/default/events';

describe('what Kubernetes warns of', () => {
  let cluster: FakeCluster;
  let stop: AbortController;
  let warnings: Warnings;

  beforeEach(async () => {
    cluster = new FakeCluster();
    stop = new AbortController();
    cluster.put(EVENTS, warning('second', 'pod-1', 'later', '2026-01-02T03:04:07Z'));
    cluster.put(EVENTS, warning('first', 'pod-1', 'sooner', '2026-01-02T03:04:06Z'));
    cluster.put(EVENTS, warning('other', 'pod-2', 'else', '2026-01-02T03:04:05Z'));
    warnings = new Warnings(cluster, ['default'], 'Pod');
    void warnings.follow(() => undefined, stop.signal).catch(() => undefined);
    await sleep(0);
  });
  afterEach(() => stop.abort());

  const messagesOf = (uid: string) => warnings.of(uid).map(({ message }) => message);

  it('is told by the object, oldest first, as it comes and goes', () => {
    assert.deepEqual(messagesOf('pod-1'), ['sooner', 'later']);
    cluster.put(EVENTS, warning('between', 'pod-1', 'between', '2026-01-02T03:04:06.5Z'));
    cluster.put(EVENTS, warning('first', 'pod-1', 'again', '2026-01-02T03:04:08Z'));
    assert.deepEqual(messagesOf('pod-1'), ['between', 'later', 'again']);
    cluster.remove(EVENTS, 'second');
    assert.deepEqual(messagesOf('pod-1'), ['between', 'again']);
    cluster.remove(EVENTS, 'other');
    assert.deepEqual(messagesOf('pod-2'), []);
  });

  it('is the same list for as long as it is about others that anything changes', () => {
    const before = warnings.of('pod-1');
    cluster.put(EVENTS, warning('other', 'pod-2', 'once more', '2026-01-02T03:04:09Z'));
    assert.equal(warnings.of('pod-1'), before);
  });

  it('is no more than the newest of one object', () => {
    for (let index = 10; index < 40; index += 1) {
      cluster.put(EVENTS, warning(`more-${index}`, 'pod-1', String(index), `2026-01-02T03:05:${index}Z`));
    }
    assert.deepEqual(
      messagesOf('pod-1'),
      Array.from({ length: 20 }, (_, index) => String(index + 20)),
    );
  });

  it('is new from a moment on', () => {
    warnings.begin();
    assert.deepEqual(warnings.newOf('pod-1'), []);
    cluster.put(EVENTS, warning('first', 'pod-1', 'again', '2026-01-02T03:04:08Z'));
    assert.deepEqual(
      warnings.newOf('pod-1').map(({ message }) => message),
      ['again'],
    );
  });
});
