import assert from 'node:assert/strict';
import type { PodObject } from '../../../src/deploy/objects';
import { podDetails } from '../../../src/deploy/pod-details';
import { selectorOf } from '../../../src/deploy/workloads';

const createdAt = '2026-01-02T03:04:05Z';
const metadata = { name: 'web-1', creationTimestamp: createdAt };

describe('the details of a pod', () => {
  it('name the kind of each container, in the order of the specification', () => {
    const pod: PodObject = {
      metadata,
      spec: {
        initContainers: [{ name: 'prepare' }, { name: 'proxy', restartPolicy: 'Always' }],
        containers: [{ name: 'app', image: 'app@sha256:1' }],
        ephemeralContainers: [{ name: 'debugger' }],
      },
      status: {
        phase: 'Running',
        conditions: [{ type: 'Ready', status: 'True' }],
        initContainerStatuses: [
          { name: 'proxy', ready: true, restartCount: 0, state: { running: {} } },
          {
            name: 'prepare',
            ready: true,
            restartCount: 0,
            state: { terminated: { exitCode: 0, reason: 'Completed' } },
          },
        ],
        containerStatuses: [{ name: 'app', ready: true, restartCount: 0, state: { running: {} } }],
        ephemeralContainerStatuses: [{ name: 'debugger', ready: false, restartCount: 0, state: { running: {} } }],
      },
    };
    const { containers, ...rest } = podDetails(pod);
    assert.deepEqual(rest, { name: 'web-1', phase: 'Running', ready: true, deleting: false, createdAt });
    assert.deepEqual(
      containers.map(({ name, kind, state, ready, reason, exitCode }) => [name, kind, state, ready, reason, exitCode]),
      [
        ['prepare', 'init', 'terminated', true, 'Completed', 0],
        ['proxy', 'sidecar', 'running', true, undefined, undefined],
        ['app', 'main', 'running', true, undefined, undefined],
        ['debugger', 'ephemeral', 'running', false, undefined, undefined],
      ],
    );
  });

  it('leave out what only prepares a live update, but not why it fails', () => {
    const pod: PodObject = {
      metadata,
      spec: { initContainers: [{ name: 'vapp-live-install' }], containers: [{ name: 'app' }] },
      status: {
        phase: 'Pending',
        initContainerStatuses: [
          {
            name: 'vapp-live-install',
            ready: false,
            restartCount: 0,
            state: { waiting: { reason: 'ErrImagePull' } },
          },
        ],
      },
    };
    const { containers, reason } = podDetails(pod);
    assert.deepEqual([containers.map(({ name }) => name), reason], [['app'], 'ErrImagePull']);
  });

  it('say how the run before ended while a container waits or runs again', () => {
    const of = (state: object) =>
      podDetails({
        metadata,
        spec: { containers: [{ name: 'app' }] },
        status: {
          phase: 'Running',
          containerStatuses: [
            {
              name: 'app',
              ready: false,
              restartCount: 4,
              state,
              lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
            },
          ],
        },
      });
    const waiting = of({ waiting: { reason: 'CrashLoopBackOff' } });
    assert.equal(waiting.reason, 'CrashLoopBackOff');
    assert.deepEqual(waiting.containers[0], {
      name: 'app',
      kind: 'main',
      state: 'waiting',
      ready: false,
      restarts: 4,
      reason: 'CrashLoopBackOff',
      exitCode: 137,
      exitReason: 'OOMKilled',
      image: '',
    });
    const again = of({ running: {} });
    assert.equal(again.reason, undefined);
    assert.equal(again.containers[0]?.exitReason, 'OOMKilled');
  });

  it('take the reason of the pod itself or of its scheduling before that of a container', () => {
    const spec = { containers: [{ name: 'app' }] };
    const pending = podDetails({
      metadata,
      spec,
      status: {
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }],
      },
    });
    assert.equal(pending.reason, 'Unschedulable');
    assert.deepEqual(pending.containers[0]?.state, 'waiting');
    assert.equal(podDetails({ metadata, spec, status: { phase: 'Failed', reason: 'Evicted' } }).reason, 'Evicted');
  });

  it('blame the init container for which the others wait', () => {
    const details = podDetails({
      metadata: { ...metadata, deletionTimestamp: createdAt },
      spec: { initContainers: [{ name: 'prepare' }], containers: [{ name: 'app' }] },
      status: {
        phase: 'Pending',
        initContainerStatuses: [
          { name: 'prepare', ready: false, restartCount: 1, state: { waiting: { reason: 'ImagePullBackOff' } } },
        ],
        containerStatuses: [
          { name: 'app', ready: false, restartCount: 0, state: { waiting: { reason: 'PodInitializing' } } },
        ],
      },
    });
    assert.equal(details.reason, 'ImagePullBackOff');
    assert.deepEqual([details.phase, details.deleting], ['Terminating', true]);
  });
});

describe('a selector', () => {
  it('finds pods as the API server does', () => {
    assert.equal(selectorOf({})({ app: 'web' }), false);
    assert.equal(selectorOf({ matchLabels: { app: 'web' } })({ app: 'web', more: 'x' }), true);
    assert.equal(selectorOf({ matchLabels: { app: 'web', part: 'x' } })({ app: 'web' }), false);
    const expression = (operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist', values?: string[]) => ({
      matchExpressions: [{ key: 'app', operator, ...(values ? { values } : {}) }],
    });
    assert.equal(selectorOf(expression('In', ['a', 'b']))({ app: 'b' }), true);
    assert.equal(selectorOf(expression('In', ['a']))({}), false);
    assert.equal(selectorOf(expression('NotIn', ['a']))({}), true);
    assert.equal(selectorOf(expression('NotIn', ['a']))({ app: 'a' }), false);
    assert.equal(selectorOf(expression('Exists'))({ app: '' }), true);
    assert.equal(selectorOf(expression('DoesNotExist'))({ app: '' }), false);
  });
});
