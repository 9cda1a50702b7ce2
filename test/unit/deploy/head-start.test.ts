import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { imageChanges } from '../../../src/deploy/head-start';
import { workloadsOf } from '../../../src/deploy/workloads';
import type { HookRecord, ReleaseRecord } from '../../../src/tools';

const REPOSITORY = 'registry:5000/app';
const digest = (version: string) => `sha256:${createHash('sha256').update(version).digest('hex')}`;
const reference = (version: string) => `${REPOSITORY}@${digest(version)}`;

const app = (image: string, more = '') => `apiVersion: apps/v1
kind: Deployment
metadata: { name: app }
spec:
  template:
    spec:
      initContainers: [{ name: prepare, image: busybox }, { name: migrate, image: "${image}" }]
      containers: [{ name: app, image: "${image}" }]
${more}`;

describe('a head start', () => {
  interface Case {
    readonly manifest?: (version: string) => string;
    readonly status?: string;
    readonly config?: string;
    readonly hooks?: readonly HookRecord[];
    readonly revisions?: number;
    readonly image?: string;
  }

  function changes({
    manifest = (version) => app(reference(version)),
    status = 'deployed',
    config = 'same',
    hooks = [],
    revisions = 2,
    image = digest('c'),
  }: Case = {}) {
    const record = (version: string, revision: number, now: string): ReleaseRecord => ({
      revision,
      status: now,
      labels: { 'vapp-config': config },
      updated: '',
      manifest: manifest(version),
      hooks,
    });
    const history = [record('b', 2, status), record('a', 1, 'superseded')].slice(0, revisions);
    const wanted = { image: { repository: REPOSITORY, digest: image }, configHash: 'same' };
    return imageChanges(history, workloadsOf(manifest('b'), 'default'), wanted);
  }

  it('changes each image of a Deployment', () => {
    assert.deepEqual(
      changes().map(({ workload, path, from, to }) => [workload.name, path, from, to]),
      ['/spec/template/spec/initContainers/1/image', '/spec/template/spec/containers/0/image'].map((path) => [
        'app',
        path,
        reference('b'),
        reference('c'),
      ]),
    );
  });

  it('changes those of several Deployments, and leaves other objects alone', () => {
    const second = (version: string) => app(reference(version)).replace('name: app }', 'name: second }');
    const map = 'kind: ConfigMap\nmetadata: { name: settings }\n';
    const manifest = (version: string) => [app(reference(version)), second(version), map].join('---\n');
    assert.deepEqual(
      changes({ manifest }).map(({ workload }) => workload.name),
      ['app', 'app', 'second', 'second'],
    );
  });

  it('is not taken where something else may change, or something may have to happen first', () => {
    const random = ['one', 'other'];
    const cases: Record<string, Case> = {
      'the image is the one that serves': { image: digest('b') },
      'the latest revision does not serve': { status: 'failed' },
      'chart or values are others': { config: 'other' },
      'nothing is known of what a change of the image changes': { revisions: 1 },
      'there is no release': { revisions: 0 },
      'a hook comes before': { hooks: [{ events: ['pre-install', 'pre-upgrade'] }] },
      'a hook comes after': { hooks: [{ events: ['post-upgrade'] }] },
      'a template renders something new each time': {
        manifest: (version) => app(reference(version), `# ${random.pop() ?? ''}\n`),
      },
      'a Job has the image, too': {
        manifest: (version) => app(reference(version), `---\n${app(reference(version)).replace('Deployment', 'Job')}`),
      },
      'a StatefulSet has the image': {
        manifest: (version) => app(reference(version)).replace('Deployment', 'StatefulSet'),
      },
      'the image’s digest stands in a value, too': {
        manifest: (version) =>
          app(reference(version), `---\nkind: ConfigMap\ndata: { image: "${reference(version)}" }\n`),
      },
      'a short form of it stands elsewhere': {
        manifest: (version) => app(reference(version), `# version ${digest(version).slice(7, 19)}\n`),
      },
      'the image has another repository': { manifest: (version) => app(`elsewhere/app@${digest(version)}`) },
      'the repository’s name ends that of another': { manifest: (version) => app(`mirror/${reference(version)}`) },
      'images are named by tags': { manifest: (version) => app(`${REPOSITORY}:${version}`) },
      'two of its versions are in use': {
        manifest: (version) =>
          app(reference(version), `---\n${app(reference('0')).replace('name: app }', 'name: old }')}`),
      },
    };
    for (const [title, given] of Object.entries(cases)) assert.deepEqual(changes(given), [], title);
  });

  it('is taken beside hooks that an upgrade does not run', () => {
    assert.equal(changes({ hooks: [{ events: ['test'] }, { events: ['post-delete'] }, {}] }).length, 2);
  });
});
