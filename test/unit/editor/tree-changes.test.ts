import assert from 'node:assert/strict';
import { useFakeTimers, type SinonFakeTimers } from 'sinon';
import { changedNodes } from '../../../src/editor/tree/changes';
import { Drawing } from '../../../src/editor/tree/drawing';
import { treeNodes, type FolderView } from '../../../src/editor/tree/model';
import type { TreeNode } from '../../../src/editor/tree/node';
import { share } from '../../../src/state/share';
import {
  absentApp,
  all,
  container,
  folder,
  l10n,
  pod,
  problem,
  runningRuntime,
  runtime,
  servingApp,
} from './tree-fakes';

const nodesOf = (...folders: FolderView[]) => treeNodes(folders, l10n);

/** The rows redrawn for a change, by their labels. */
function redrawn(before: FolderView, after: FolderView): string[] | undefined {
  return changedNodes(nodesOf(before), nodesOf(after))?.map(({ label }) => label);
}

/** Pods as many as an app seldom has, one of them with so many restarts. */
function crowd(restarts: number) {
  const pods = Array.from({ length: 100 }, (_, index) =>
    pod({
      name: `pod-${String(index).padStart(3, '0')}`,
      containers: [container({ restarts: index === 42 ? restarts : 0 })],
    }),
  );
  return servingApp({ pods });
}

describe('what is drawn anew', () => {
  it('is nothing when nothing changed, also when equal pictures are not the same objects', () => {
    assert.deepEqual(redrawn(folder(), folder()), []);
    const { picture } = folder();
    assert.deepEqual(redrawn(folder(picture), folder(share(picture, structuredClone(picture)))), []);
  });

  it('is one container of a hundred pods', () => {
    const before = nodesOf(folder({ apps: [crowd(0)] }));
    const after = nodesOf(folder({ apps: [crowd(1)] }));
    assert.deepEqual(
      changedNodes(before, after)?.map(({ id }) => id),
      ['file:///repo#/app/seatadjuster/pod/pod-042/container/app'],
    );
  });

  it('is the very same row for each pod whose picture is the same, and looked at no further', () => {
    const before = crowd(0);
    const pods = before.pods.map((one, index) => (index === 42 ? pod({ name: one.name, ready: false }) : one));
    const rowsOf = (app: typeof before) =>
      all(nodesOf(folder({ apps: [app] }))).filter(({ context }) => context === 'pod');
    const [rows, later] = [rowsOf(before), rowsOf({ ...before, pods })];
    assert.deepEqual(
      later.flatMap((row, index) => (row === rows[index] ? [] : [index])),
      [42],
    );
  });

  it('is the row of the release, which nothing is below, when one of many pods becomes ready', () => {
    const ready = (count: number) => {
      const workloads = [{ kind: 'Deployment', name: 'seatadjuster', ready: count, wanted: 100 }] as const;
      return folder({ apps: [{ ...crowd(0), workloads }] });
    };
    assert.deepEqual(redrawn(ready(98), ready(99)), ['Release']);
    const [release] = all(nodesOf(ready(99))).filter(({ label }) => label === 'Release');
    assert.equal(release?.description, 'revision 3 · deployed · 99/100 ready · vehicle-app-0.1.0');
  });

  it('is the row above, when rows come or go', () => {
    const two = servingApp({ pods: [pod(), pod({ name: 'second' })] });
    assert.deepEqual(redrawn(folder(), folder({ apps: [two] })), ['Seat Adjuster']);
    assert.deepEqual(redrawn(folder({ apps: [two] }), folder()), ['Seat Adjuster']);
    const apps = [servingApp(), absentApp({ id: 'horn', name: 'Horn' })];
    assert.deepEqual(redrawn(folder(), folder({ apps })), ['Apps']);
  });

  it('is the app and all below it, when it is deployed anew: it says its revision and image itself', () => {
    const release = { revision: 4, status: 'deployed', updated: '2026-11-24T09:00:00Z', chart: 'vehicle-app-0.1.0' };
    const image = `registry.vapp.internal:5000/seatadjuster@sha256:${'f'.repeat(64)}`;
    assert.deepEqual(redrawn(folder(), folder({ apps: [servingApp({ release, image })] })), ['Seat Adjuster']);
  });

  it('is what a tooltip or a menu tells differently, too', () => {
    const [mqtt, ...others] = runningRuntime().services;
    const services = [{ ...mqtt, id: 'mqtt-broker', cluster: 'elsewhere:1' }, ...others];
    assert.deepEqual(redrawn(folder(), folder({ runtime: runningRuntime({ services }) })), ['mqtt-broker']);
    const files = { dockerfile: '/repo/app/Dockerfile', chart: '/repo/deploy/helm' };
    assert.deepEqual(redrawn(folder(), folder({ apps: [servingApp({ files })] })), ['Seat Adjuster']);
  });

  it('is only what changed on either side of the tree', () => {
    const changed = {
      apps: [servingApp({ pods: [pod({ ready: false })] })],
      runtime: runningRuntime({ services: [] }),
    };
    assert.deepEqual(redrawn(folder(), folder(changed)), ['seatadjuster-6d5f7c9b4d-x7k2p', 'Runtime']);
  });

  it('is everything when rows at the top come or go', () => {
    assert.equal(redrawn(folder(), folder({ problems: [problem()] })), undefined);
    const idle = folder({ apps: [absentApp()], runtime: runtime('stopped') });
    assert.equal(redrawn(folder(), idle), undefined);
    assert.equal(redrawn(idle, folder()), undefined);
    assert.equal(changedNodes(nodesOf(folder()), nodesOf(folder(), folder({}, { key: 'b#' }))), undefined);
  });

  it('is drawn in one folder only', () => {
    const other = (more: Parameters<typeof folder>[0]) => folder(more, { key: 'file:///other#', name: 'other' });
    const release = { revision: 9, status: 'deployed', updated: '2026-11-24T09:00:00Z' };
    const changed = changedNodes(
      nodesOf(folder(), other({})),
      nodesOf(folder(), other({ apps: [servingApp({ release })] })),
    );
    assert.deepEqual(
      changed?.map(({ id }) => id),
      ['file:///other#/app/seatadjuster'],
    );
  });
});

describe('a drawing', () => {
  let time: SinonFakeTimers;
  let now: FolderView;
  let visible: boolean;
  let looks: number;
  let draws: (readonly string[] | undefined)[];
  let drawing: Drawing;

  beforeEach(() => {
    time = useFakeTimers();
    now = folder();
    visible = true;
    looks = 0;
    draws = [];
    drawing = new Drawing({
      isVisible: () => visible,
      look: () => {
        looks += 1;
        return nodesOf(now);
      },
      draw: (changed) => draws.push(changed?.map(({ label }) => label)),
    });
  });

  afterEach(() => {
    drawing.dispose();
    time.restore();
  });

  const change = (view: FolderView) => {
    now = view;
    drawing.mayHaveChanged();
  };
  const withRevision = (revision: number) =>
    folder({ apps: [servingApp({ release: { revision, status: 'deployed', updated: '' } })] });
  const labels = (nodes: readonly TreeNode[]) => all(nodes).map(({ description }) => description);

  it('draws many changes of a moment once, and only where they are', () => {
    for (let revision = 4; revision < 1000; revision++) change(withRevision(revision));
    time.runAll();
    assert.deepEqual(draws, [['Seat Adjuster']]);
    assert.ok(labels(drawing.shown).includes('revision 999 · 1/1 ready'));
    assert.equal(looks, 2);
  });

  it('draws nothing when what is told is no change', () => {
    change(folder());
    time.runAll();
    assert.deepEqual(draws, []);
  });

  it('neither looks nor draws while it is hidden, and draws once when it is shown', () => {
    visible = false;
    for (let revision = 4; revision < 9; revision++) {
      change(withRevision(revision));
      time.runAll();
    }
    assert.deepEqual([looks, draws], [1, []]);
    visible = true;
    drawing.mayHaveChanged();
    time.runAll();
    assert.deepEqual([looks, draws], [2, [['Seat Adjuster']]]);
  });

  it('lets no timer run while nothing changes', () => {
    change(withRevision(4));
    time.runAll();
    assert.equal(time.countTimers(), 0);
  });

  it('draws nothing after its end', () => {
    change(withRevision(4));
    drawing.dispose();
    time.runAll();
    assert.deepEqual(draws, []);
    assert.equal(time.countTimers(), 0);
  });
});
