import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { App } from '../../../src/project';
import { podFacts, workloadFacts, type PodFacts, type WorkloadFacts } from '../../../src/state/cluster-facts';
import { PodSelection } from '../../../src/state/pod-selection';
import { share } from '../../../src/state/share';

const APP = { id: 'wiper' } as App;
const WIPER = [workloadOf('default', 'wiper')];

describe('the pods of an app', () => {
  it('are those that a workload selects in its own namespace, by name', () => {
    const pods = [pod('c'), pod('a'), pod('b', { app: 'seat' }), pod('d', { namespace: 'other' })];
    assert.deepEqual(namesOf(new PodSelection().of(APP, WIPER, pods)), ['a', 'c']);
  });

  it('are the newest of each', () => {
    const selection = new PodSelection();
    const [a, b] = [pod('a'), pod('b')];
    selection.of(APP, WIPER, [b, a]);
    const restarted = share(b, pod('b', { restarts: 1 }));
    assert.deepEqual(selection.of(APP, WIPER, [restarted, a]), [a, restarted]);
  });

  it('are the same list while they are the same, whatever other pods do', () => {
    const selection = new PodSelection();
    const [a, other] = [pod('a'), pod('b', { app: 'seat' })];
    const before = selection.of(APP, WIPER, [a, other]);
    assert.equal(selection.of(APP, WIPER, [a, share(other, pod('b', { app: 'seat', restarts: 1 }))]), before);
  });

  it('are chosen anew when a pod of the same name is another one', () => {
    const selection = new PodSelection();
    selection.of(APP, WIPER, [pod('a')]);
    assert.deepEqual(selection.of(APP, WIPER, [pod('a', { uid: 'later', app: 'seat' })]), []);
  });

  it('are what they would be without anything known, whatever happened before', () => {
    const change = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      what: fc.constantFrom('gone', 'restarted', 'new', 'other label', 'other namespace'),
      workload: fc.constantFrom('wiper', 'seat'),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const selection = new PodSelection();
        const pods = new Map<string, PodFacts>();
        for (const [round, { name, what, workload }] of changes.entries()) {
          const before = pods.get(name);
          const isAnother = what === 'new' || what === 'other namespace';
          const uid = isAnother ? `${name}-${round}` : (before?.identity.uid ?? name);
          const labelled = what === 'other label' ? { app: 'seat' } : {};
          const stays = isAnother ? undefined : before?.namespace;
          const namespace = stays ?? (what === 'other namespace' ? 'other' : 'default');
          if (what === 'gone') pods.delete(name);
          else pods.set(name, share(before, pod(name, { uid, restarts: round, ...labelled, namespace })));
          const all = [...pods.values()];
          const workloads = [workloadOf('default', workload)];
          assert.deepEqual(selection.of(APP, workloads, all), new PodSelection().of(APP, workloads, all));
        }
      }),
    );
  });
});

interface Told {
  readonly app?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly restarts?: number;
}

function pod(name: string, { app = 'wiper', namespace = 'default', uid = name, restarts = 0 }: Told = {}): PodFacts {
  return podFacts({
    metadata: { name, namespace, uid, labels: { app }, creationTimestamp: '2026-11-30T10:00:00Z' },
    spec: { containers: [{ name: 'app' }] },
    status: { phase: 'Running', containerStatuses: [{ name: 'app', ready: true, restartCount: restarts }] },
  });
}

function workloadOf(namespace: string, app: string): WorkloadFacts {
  const metadata = { name: app, namespace };
  return workloadFacts('Deployment', { metadata, spec: { selector: { matchLabels: { app } } } });
}

function namesOf(pods: readonly PodFacts[]): string[] {
  return pods.map(({ details }) => details.name);
}
