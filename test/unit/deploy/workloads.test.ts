import assert from 'node:assert/strict';
import type { WorkloadObject } from '../../../src/deploy/objects';
import { isAsRendered, podSelectors, progressOf, workloadsOf } from '../../../src/deploy/workloads';

const MANIFEST = `---
# Source: probe/templates/app.yaml
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web, part: front } }
  template: { spec: { containers: [{ name: app, image: "r@sha256:1" }] } }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
---
apiVersion: v1
kind: List
items:
  - apiVersion: batch/v1
    kind: Job
    metadata: { name: once, namespace: elsewhere }
  - apiVersion: apps/v1
    kind: DaemonSet
    metadata: { name: agent }
    spec:
      selector:
        matchExpressions:
          - { key: app, operator: In, values: [agent, other] }
          - { key: gone, operator: DoesNotExist }
---
`;

function live(spec: WorkloadObject['spec'], status: WorkloadObject['status'], generation = 1): WorkloadObject {
  return {
    metadata: { name: 'web', uid: 'u', generation },
    spec: spec ?? {},
    status: { observedGeneration: generation, ...status },
  };
}

function complete(kind: Parameters<typeof progressOf>[0], object: WorkloadObject): boolean {
  return progressOf(kind, 'web', object).complete;
}

describe('workloads', () => {
  it('are found in a manifest, in lists too, each in its namespace', () => {
    assert.deepEqual(
      workloadsOf(MANIFEST, 'default').map(({ kind, name, namespace }) => `${kind} ${namespace}/${name}`),
      ['Deployment default/web', 'Job elsewhere/once', 'DaemonSet default/agent'],
    );
    assert.deepEqual(workloadsOf('', 'default'), []);
  });

  it('have selectors of their pods', () => {
    assert.deepEqual(podSelectors(workloadsOf(MANIFEST, 'default')), [
      'app=web,part=front',
      'batch.kubernetes.io/job-name=once',
      'app in (agent,other),!gone',
    ]);
  });

  it('are as rendered unless scaled or given another image', () => {
    const [web] = workloadsOf(MANIFEST, 'default');
    assert.ok(web);
    const { rendered } = web;
    assert.ok(isAsRendered(web, rendered));
    assert.ok(!isAsRendered(web, { ...rendered, spec: { ...rendered.spec, replicas: 0 } }));
    const template = { spec: { containers: [{ name: 'app', image: 'other' }] } };
    assert.ok(!isAsRendered(web, { ...rendered, spec: { ...rendered.spec, template } }));
  });

  it('are not complete when they do not exist', () => {
    const progress = progressOf('Deployment', 'web', undefined);
    assert.equal(progress.complete, false);
    assert.match(progress.missing, /does not exist/);
  });

  it('Deployment: new pods available, no old ones left, generation observed', () => {
    const done = { replicas: 2, updatedReplicas: 2, availableReplicas: 2 };
    assert.ok(complete('Deployment', live({ replicas: 2 }, done)));
    assert.ok(!complete('Deployment', live({ replicas: 2 }, { ...done, replicas: 3 })));
    assert.ok(!complete('Deployment', live({ replicas: 2 }, { ...done, availableReplicas: 1 })));
    assert.ok(!complete('Deployment', live({ replicas: 2 }, { ...done, observedGeneration: 0 })));
    assert.ok(complete('Deployment', live({ replicas: 0 }, {})));
  });

  it('Deployment: says what Kubernetes cannot create', () => {
    const conditions = [{ type: 'ReplicaFailure', status: 'True', message: 'quota exceeded' }];
    assert.match(progressOf('Deployment', 'web', live({}, { conditions })).missing, /quota exceeded/);
  });

  it('StatefulSet: all updated beyond the partition', () => {
    const status = { readyReplicas: 2, updatedReplicas: 1, currentRevision: 'a', updateRevision: 'b' };
    assert.ok(!complete('StatefulSet', live({ replicas: 2 }, status)));
    const partition = { rollingUpdate: { partition: 1 } };
    assert.ok(complete('StatefulSet', live({ replicas: 2, updateStrategy: partition }, status)));
    assert.ok(complete('StatefulSet', live({ replicas: 2, updateStrategy: { type: 'OnDelete' } }, status)));
    assert.ok(complete('StatefulSet', live({ replicas: 2 }, { ...status, currentRevision: 'b' })));
  });

  it('DaemonSet: updated and available on every node', () => {
    const status = { desiredNumberScheduled: 2, numberAvailable: 2, updatedNumberScheduled: 1 };
    assert.ok(!complete('DaemonSet', live({}, status)));
    assert.ok(complete('DaemonSet', live({}, { ...status, updatedNumberScheduled: 2 })));
  });

  it('Job: runs, has completed, is suspended, or has failed', () => {
    assert.ok(!complete('Job', live({}, { active: 1 })));
    assert.ok(complete('Job', live({}, { active: 1, ready: 1 })));
    assert.ok(complete('Job', live({}, { succeeded: 1 })));
    assert.ok(complete('Job', live({ suspend: true }, {})));
    const conditions = [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'too often' }];
    assert.equal(progressOf('Job', 'web', live({}, { conditions })).failed, 'BackoffLimitExceeded: too often');
  });
});
