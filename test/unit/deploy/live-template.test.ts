import assert from 'node:assert/strict';
import { withLiveUpdate, withoutLiveUpdate, type LiveTemplate } from '../../../src/deploy/live-template';
import type { PodTemplate } from '../../../src/deploy/objects';

const live: LiveTemplate = {
  digest: 'sha256:aa',
  entrypoint: ['python'],
  cmd: ['main.py'],
  helper: 'registry:5000/live-update@sha256:bb',
  roots: ['/app', '/data/models'],
  settings: { token: '0123456789abcdef', port: 47_117, stopMs: 2000 },
};

/** As a chart renders it. */
function template(container: object = {}, spec: object = {}): PodTemplate {
  return {
    metadata: { labels: { app: 'a' } },
    spec: {
      containers: [
        { name: 'sidecar', image: 'other@sha256:cc' },
        { name: 'app', image: 'registry:5000/app@sha256:aa', ...container },
      ],
      ...spec,
    },
  };
}

interface Shown {
  readonly metadata: { readonly labels: Record<string, string> };
  readonly spec: {
    readonly containers: readonly Record<string, unknown>[];
    readonly initContainers: readonly Record<string, unknown>[];
    readonly volumes: readonly { readonly name: string }[];
  };
}

function updated(base: PodTemplate) {
  const changed = withLiveUpdate(base, live);
  assert.ok(changed);
  return { ...changed, shown: changed.template as unknown as Shown };
}

describe('withLiveUpdate', () => {
  it('puts the helper before what the image runs, and volumes in the place of its folders', () => {
    const { shown, replaced } = updated(template());
    const [sidecar, app] = shown.spec.containers;
    assert.deepEqual(sidecar, { name: 'sidecar', image: 'other@sha256:cc' });
    assert.deepEqual(app?.['command'], ['/.vapp-live/live-update', 'run', '--', 'python']);
    assert.deepEqual(app['args'], ['main.py']);
    assert.deepEqual(app['volumeMounts'], [
      { name: 'vapp-live', mountPath: '/.vapp-live' },
      { name: 'vapp-live-0', mountPath: '/app' },
      { name: 'vapp-live-1', mountPath: '/data/models' },
    ]);
    assert.deepEqual(
      shown.spec.volumes.map(({ name }) => name),
      ['vapp-live', 'vapp-live-0', 'vapp-live-1'],
    );
    const [install, fill] = shown.spec.initContainers;
    assert.equal(install?.['image'], live.helper);
    assert.deepEqual(fill?.['image'], 'registry:5000/app@sha256:aa');
    assert.deepEqual((fill['command'] as string[]).slice(2), [
      '/app=/.vapp-live/vapp-live-0',
      '/data/models=/.vapp-live/vapp-live-1',
    ]);
    assert.equal(shown.metadata.labels['io.vscode-velocitas/live-update'], '01234567');
    assert.deepEqual(replaced, { container: 'app' });
  });

  it('takes the pod’s own command and arguments as Kubernetes does', () => {
    const [, withCommand] = updated(template({ command: ['sh', '-c'] })).shown.spec.containers;
    assert.deepEqual(withCommand?.['command'], ['/.vapp-live/live-update', 'run', '--', 'sh', '-c']);
    assert.deepEqual(withCommand['args'], []);
    const [, withArgs] = updated(template({ args: ['--debug'] })).shown.spec.containers;
    assert.deepEqual(withArgs?.['command'], ['/.vapp-live/live-update', 'run', '--', 'python']);
    assert.deepEqual(withArgs['args'], ['--debug']);
  });

  it('gives its containers the limits and the rights of the app, as quotas and policies want it', () => {
    const rights = { securityContext: { readOnlyRootFilesystem: true }, resources: { limits: { memory: '64Mi' } } };
    for (const helper of updated(template(rights)).shown.spec.initContainers) {
      assert.deepEqual(helper['securityContext'], rights.securityContext);
      assert.deepEqual(helper['resources'], rights.resources);
    }
  });

  it('leaves pods alone that do not have the image', () => {
    assert.equal(withLiveUpdate(template({ image: 'registry:5000/app@sha256:dd' }), live), undefined);
  });
});

describe('withoutLiveUpdate', () => {
  for (const [what, base] of [
    ['a plain pod', template()],
    ['a command', template({ command: ['sh'], args: ['-c', 'x'] })],
    ['arguments', template({ args: ['x'] })],
    [
      'volumes and init containers of its own',
      template(
        { env: [{ name: 'A', value: 'b' }], volumeMounts: [{ name: 'own', mountPath: '/own' }] },
        { volumes: [{ name: 'own', emptyDir: {} }], initContainers: [{ name: 'init', image: 'x' }] },
      ),
    ],
  ] as const) {
    it(`undoes it for ${what}`, () => {
      const { template: changed, replaced } = updated(base);
      const undone = withoutLiveUpdate(changed, replaced);
      const isEmpty = (value: unknown) => Array.isArray(value) && value.length === 0;
      const plain: unknown = JSON.parse(
        JSON.stringify(undone, (_, value: unknown) => (isEmpty(value) ? undefined : value)),
      );
      assert.deepEqual(plain, base);
    });
  }

  it('keeps the command that a newer revision has brought meanwhile', () => {
    const { template: changed, replaced } = updated(template());
    const merged = JSON.parse(JSON.stringify(changed)) as Shown;
    Object.assign(merged.spec.containers[1] ?? {}, {
      command: ['new'],
      args: ['x'],
      image: 'registry:5000/app@sha256:ee',
    });
    const undone = withoutLiveUpdate(merged as unknown as PodTemplate, replaced) as unknown as Shown;
    assert.deepEqual(undone.spec.containers[1], {
      name: 'app',
      image: 'registry:5000/app@sha256:ee',
      command: ['new'],
      args: ['x'],
      env: [],
      volumeMounts: [],
    });
  });
});
