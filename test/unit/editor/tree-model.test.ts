import assert from 'node:assert/strict';
import { Failure } from '../../../src/base';
import { treeNodes, type FolderView } from '../../../src/editor/tree/model';
import { tooltipText, type TreeNode } from '../../../src/editor/tree/node';
import { share } from '../../../src/state/share';
import {
  DIGEST,
  IMAGE,
  absentApp,
  all,
  container,
  crashed,
  crashingPod,
  dockerDown,
  folder,
  l10n,
  only,
  pod,
  problem,
  runningRuntime,
  runtime,
  seen,
  servingApp,
} from './tree-fakes';

const nodesOf = (...folders: FolderView[]) => treeNodes(folders, l10n);
const tooltipOf = (node: TreeNode) => tooltipText(node.tooltip ?? []);

describe('the tree of one folder', () => {
  it('shows a serving app, what it is made of, and the runtime', () => {
    const nodes = nodesOf(
      folder({}, { forwards: [{ app: 'seatadjuster', podPort: 50008, address: 'localhost:50009' }] }),
    );
    assert.deepEqual(seen(nodes), [
      '(rocket) Apps',
      '  (pass-filled) Seat Adjuster | revision 3 · 1/1 ready',
      '    (package) Image | seatadjuster@0123456789ab',
      '    (tag) Release | revision 3 · deployed · vehicle-app-0.1.0',
      '    (pass) seatadjuster-6d5f7c9b4d-x7k2p | Running',
      '      (vm-running) app | running',
      '    (plug) localhost:50009 | forwarded to port 50008',
      '(vm-running) Runtime | running',
      '  (server-environment) Cluster | vapp-repo-01234567',
      '    (server) k3d-vapp-repo-01234567-server-0 | server · ready',
      '  (database) Registry | localhost:41234',
      '  (plug) mqtt-broker | localhost:31883',
      '  (loading~spin) vehicledatabroker | localhost:30555 · not ready',
      '  (plug) seatservice | ',
    ]);
    assert.equal(only(nodes, 'app').tone, 'good');
    assert.ok(tooltipOf(only(nodes, 'image')).includes(DIGEST.slice('sha256:'.length)), 'the whole reference');
    assert.deepEqual(
      all(nodes).map(({ context }) => context),
      [
        'apps',
        'app.deployed.builtin',
        'image',
        'release.rollback',
        'pod',
        'container.running',
        'forward',
        'runtime.running',
        'cluster',
        'node',
        'registry',
        'service.address',
        'service.address',
        'service',
      ],
    );
  });

  it('names in each row what it stands for', () => {
    const nodes = nodesOf(
      folder({}, { forwards: [{ app: 'seatadjuster', podPort: 50008, address: 'localhost:50009' }] }),
    );
    const name = 'seatadjuster-6d5f7c9b4d-x7k2p';
    assert.deepEqual(only(nodes, 'app').subject, { app: 'seatadjuster' });
    assert.deepEqual(only(nodes, 'pod').subject, { app: 'seatadjuster', pod: name });
    assert.deepEqual(only(nodes, 'container').subject, { app: 'seatadjuster', pod: name, container: 'app' });
    assert.deepEqual(only(nodes, 'forward').subject, { app: 'seatadjuster', forward: 'localhost:50009' });
    const service = all(nodes).find(({ label }) => label === 'mqtt-broker');
    assert.deepEqual(service?.subject, { service: 'mqtt-broker' });
  });

  it('says that an app crashes, why, what to do, and where', () => {
    const app = servingApp({
      pods: [crashingPod()],
      workloads: [{ kind: 'Deployment', name: 'seatadjuster', ready: 0, wanted: 1 }],
    });
    const nodes = nodesOf(folder({ apps: [app] }));
    const node = only(nodes, 'app');
    assert.equal(node.icon, 'error');
    assert.equal(node.tone, 'bad');
    assert.equal(node.description, 'revision 3 · 0/1 ready · CrashLoopBackOff');
    assert.deepEqual(seen([only(nodes, 'pod')]), [
      '(error) seatadjuster-6d5f7c9b4d-x7k2p | CrashLoopBackOff',
      '  (error) The app ends with exit code 1 again and again. | Correct app/src/main.py, line 7.',
      '  (warning) app | CrashLoopBackOff · 4 restarts · exit code 1 · Error',
    ]);
    assert.equal(only(nodes, 'container').context, 'container.waiting.restarted');
    assert.deepEqual(only(nodes, 'problem').opens, crashed.range);
    assert.match(tooltipOf(node), /again and again/);
    assert.match(only(nodes, 'container').spoken ?? '', /4 restarts/);
  });

  it('shows what else is wrong with an app, and what helps', () => {
    const refused = new Failure({ code: 'quota-exceeded', fault: 'app', summary: 'The quota allows no more.' });
    const nowhere = new Failure({ code: 'service-without-pods', fault: 'app', summary: 'The Service leads nowhere.' });
    const serving = only(
      nodesOf(folder({ apps: [servingApp({ troubles: [{ severity: 'warning', failure: nowhere }] })] })),
      'app',
    );
    assert.equal(serving.icon, 'pass-filled');
    assert.equal(seen([only([serving], 'problem')])[0], '(warning) The Service leads nowhere.');
    assert.match(tooltipOf(serving), /leads nowhere/);
    assert.match(only([serving], 'problem').spoken ?? '', /^Warning: /);

    const troubles = [{ severity: 'error', failure: refused } as const];
    const failing = only(nodesOf(folder({ apps: [servingApp({ troubles })] })), 'app');
    assert.equal(failing.icon, 'error');
    assert.equal(failing.description, 'revision 3 · 1/1 ready · FailedCreate');
    assert.equal(only([failing], 'problem').context, 'problem.again');
    assert.deepEqual(only([failing], 'problem').subject, { app: 'seatadjuster' });

    const exited = new Failure({ code: 'app-exited', fault: 'app', summary: 'It ends.' });
    const pods = [{ ...crashingPod(), failure: exited }];
    assert.equal(only(nodesOf(folder({ apps: [servingApp({ pods })] })), 'problem').context, 'problem.again.ended');
  });

  it('says that an image cannot be pulled', () => {
    const summary = 'The image cannot be pulled.';
    const failure = new Failure({ code: 'image-not-pulled', fault: 'app', summary });
    const waiting = container({ state: 'waiting', ready: false, reason: 'ImagePullBackOff' });
    const pulling = pod({ phase: 'Pending', ready: false, reason: 'ImagePullBackOff', failure, containers: [waiting] });
    const nodes = nodesOf(folder({ apps: [servingApp({ pods: [pulling] })] }));
    assert.match(only(nodes, 'app').description ?? '', /ImagePullBackOff$/);
    assert.deepEqual(seen(only(nodes, 'pod').children), [`(error) ${summary}`, '(warning) app | ImagePullBackOff']);
    assert.equal(only(nodes, 'container').context, 'container.waiting');
  });

  it('does not blame an app for a pod that is on its way out', () => {
    const leaving = { ...crashingPod(), name: 'old', deleting: true };
    const nodes = nodesOf(folder({ apps: [servingApp({ pods: [pod(), leaving] })] }));
    assert.equal(only(nodes, 'app').tone, 'good');
    assert.doesNotMatch(tooltipOf(only(nodes, 'app')), /again and again/);
    const old = all(nodes).find(({ label }) => label === 'old');
    assert.deepEqual([old?.description, old?.tone], ['ending', 'faint']);
  });

  it('tells an app that comes up from one that serves', () => {
    const workloads = [{ kind: 'Deployment', name: 'seatadjuster', ready: 1, wanted: 2 }] as const;
    const updating = only(nodesOf(folder({ apps: [servingApp({ workloads })] })), 'app');
    assert.deepEqual([updating.icon, updating.description], ['loading~spin', 'revision 3 · 1/2 ready']);
    for (const status of ['pending-upgrade', 'uninstalling']) {
      const release = { revision: 3, status, updated: '2026-11-24T08:00:00Z' };
      assert.equal(only(nodesOf(folder({ apps: [servingApp({ release })] })), 'app').icon, 'loading~spin', status);
    }
    const failed = { revision: 1, status: 'failed', updated: '2026-11-24T08:00:00Z' };
    const nodes = nodesOf(folder({ apps: [servingApp({ release: failed, pods: [] })] }));
    assert.equal(only(nodes, 'app').description, 'revision 1 · 1/1 ready · failed');
    assert.equal(only(nodes, 'release').context, 'release');
    assert.equal(only(nodes, 'release').tone, 'bad');
  });

  it('tells init containers, ended ones, and ones that are not ready', () => {
    const containers = [
      container({ name: 'prepare', kind: 'init', state: 'terminated', ready: false, exitCode: 0, reason: 'Completed' }),
      container({ name: 'broken', state: 'terminated', ready: false, exitCode: 137, reason: 'OOMKilled' }),
      container({ name: 'slow', ready: false }),
      container({ name: 'again', restarts: 1, exitCode: 2, exitReason: 'Error' }),
      container({ name: 'coming', state: 'waiting', ready: false, reason: 'ContainerCreating' }),
    ];
    const nodes = nodesOf(folder({ apps: [servingApp({ pods: [pod({ containers })] })] }));
    assert.deepEqual(seen(only(nodes, 'pod').children), [
      '(check) prepare | init · Completed · exit code 0',
      '(error) broken | OOMKilled · exit code 137',
      '(vm-connect) slow | running, not ready',
      '(vm-running) again | running · 1 restart · exit code 2 · Error',
      '(vm-outline) coming | ContainerCreating',
    ]);
  });

  it('says that an app is not deployed only where that is known', () => {
    const state = (more: Parameters<typeof folder>[0]) =>
      only(nodesOf(folder({ apps: [absentApp()], problems: [problem()], ...more })), 'app').description;
    assert.equal(state({}), 'not deployed');
    assert.equal(state({ runtime: runtime('absent') }), 'not deployed');
    assert.equal(state({ runtime: runtime('stopped') }), 'stopped');
    assert.equal(state({ runtime: runtime('running') }), 'unknown');
    assert.equal(state({ runtime: runtime('unknown'), engine: { state: 'down', failure: dockerDown } }), 'unknown');
  });

  it('says what a job does to an app while it does it', () => {
    const step = { step: 'build', app: 'seatadjuster', message: '[3/7] RUN pip install' } as const;
    const job = { apps: ['seatadjuster'], title: 'Running Seat Adjuster', steps: [step] };
    const node = only(nodesOf(folder({}, { jobs: [job] })), 'app');
    assert.equal(node.description, 'Building: [3/7] RUN pip install');
    assert.equal(node.icon, 'loading~spin');
    assert.equal(node.context, 'app.deployed.busy.builtin');
    const begun = only(nodesOf(folder({}, { jobs: [{ ...job, steps: [] }] })), 'app');
    assert.equal(begun.description, 'Running Seat Adjuster');
  });

  it('says that an app is live, and what of its last change does not work', () => {
    const live = { apps: ['seatadjuster'], troubles: [crashed] };
    const node = only(nodesOf(folder({}, { live: [live] })), 'app');
    assert.equal(node.description, 'live · revision 3 · 1/1 ready');
    assert.equal(node.context, 'app.deployed.live.builtin');
    assert.equal(node.icon, 'pass-filled');
    const trouble = only([node], 'problem');
    assert.deepEqual([trouble.label, trouble.icon, trouble.opens], [crashed.summary, 'warning', crashed.range]);
    const step = { step: 'build', app: 'seatadjuster' } as const;
    const job = { apps: ['seatadjuster'], title: 'Live update of Seat Adjuster', steps: [step] };
    const building = only(nodesOf(folder({}, { live: [live], jobs: [job] })), 'app');
    assert.deepEqual([building.description, building.context], ['Building', 'app.deployed.busy.live.builtin']);
  });

  it('says of a job that has taken the place of another what the newer one does', () => {
    const job = (step: 'build' | 'deploy') => ({ apps: ['seatadjuster'], title: 'Running', steps: [{ step }] });
    const nodes = nodesOf(folder({}, { jobs: [job('build'), job('deploy')] }));
    assert.equal(only(nodes, 'app').description, 'Deploying');
  });

  it('says what a job does to the runtime', () => {
    const starting = { apps: [], title: 'Starting the runtime', steps: [] };
    const node = only(nodesOf(folder({ runtime: runtime('absent') }, { jobs: [starting] })), 'runtime');
    assert.deepEqual(
      [node.description, node.icon, node.context],
      ['Starting the runtime', 'loading~spin', 'runtime.absent.busy'],
    );
    const steps = [{ step: 'build' } as const, { step: 'services' } as const];
    const services = { apps: ['seatadjuster'], title: 'Running', steps };
    assert.equal(only(nodesOf(folder({}, { jobs: [services] })), 'runtime').description, 'Starting services');
  });

  it('shows two apps apart, each with its own', () => {
    const other = absentApp({
      id: 'horn',
      name: 'Horn',
      files: { dockerfile: '/repo/horn/Dockerfile', chart: '/repo/c' },
    });
    const forwards = [{ app: 'horn', podPort: 1, address: 'localhost:1' }];
    const step = { step: 'build', app: 'horn' } as const;
    const jobs = [{ apps: ['seatadjuster', 'horn'], title: 'Running all', steps: [step] }];
    const [apps] = nodesOf(folder({ apps: [servingApp(), other] }, { forwards, jobs }));
    const seat = apps?.children[0];
    const horn = apps?.children[1];
    assert.deepEqual([horn?.context, horn?.description], ['app.absent.busy.chart', 'Building']);
    assert.equal(seat?.description, 'Running all');
    assert.deepEqual(
      horn?.children.map(({ context }) => context),
      ['forward'],
    );
  });

  it('shows problems at the app whose files they are in, others on top, and none twice', () => {
    const own = problem();
    const other = problem({
      severity: 'warning',
      code: 'vapp-key',
      message: 'Nobody knows this key.',
      range: { file: '/repo/vapp.yaml', start: { line: 1, column: 1 }, end: { line: 1, column: 4 } },
    });
    const before = folder({ apps: [absentApp({ problems: [own] })], problems: [own] }).picture;
    const again = structuredClone(own);
    // As the state does it: equal problems of two lists are no longer the same objects.
    const after = share(before, { ...before, apps: [absentApp({ problems: [again] })], problems: [other, again] });
    const nodes = nodesOf(folder(after));
    assert.deepEqual(
      all(nodes)
        .filter(({ context }) => context === 'problem')
        .map(({ label, description, icon }) => [label, description, icon]),
      [
        ['Nobody knows this key.', 'vapp.yaml:1', 'warning'],
        ['The app has no name.', 'AppManifest.json:3', 'error'],
      ],
    );
    assert.equal(nodes[0]?.label, 'Nobody knows this key.');
    assert.deepEqual(only([only(nodes, 'app')], 'problem').opens, own.range);
    assert.match(only([only(nodes, 'app')], 'problem').spoken ?? '', /^Error: The app has no name\./);
  });

  it('says why a repository cannot be read', () => {
    const failure = new Failure({ code: 'unreadable', fault: 'app', summary: 'vapp.yaml cannot be read.' });
    const unknown = { state: 'unknown', followed: false, nodes: [], services: [] } as const;
    const nodes = nodesOf(folder({ failure, apps: [], runtime: unknown }));
    assert.equal(nodes[0]?.label, 'vapp.yaml cannot be read.');
  });

  it('says at the runtime what is wrong and what to do', () => {
    const unknown = runtime('unknown', { failure: dockerDown });
    const nodes = nodesOf(
      folder({
        apps: [absentApp()],
        runtime: unknown,
        engine: { state: 'down', failure: dockerDown },
        problems: [problem()],
      }),
    );
    const node = only(nodes, 'runtime');
    assert.deepEqual(seen([node]), [
      '(question) Runtime | unknown',
      '  (error) Docker does not answer. | Start Docker.',
    ]);
    assert.equal(node.context, 'runtime.unknown');
    assert.ok(only(nodes, 'app'), 'the apps are there all the same');
  });

  it('says that a runtime is starting, and not that Docker is down, while somebody waits for Docker', () => {
    const nodes = nodesOf(
      folder({
        apps: [absentApp()],
        runtime: runtime('unknown', { activity: 'starting' }),
        engine: { state: 'down', failure: dockerDown },
        problems: [problem()],
      }),
    );
    assert.deepEqual(seen([only(nodes, 'runtime')]), ['(loading~spin) Runtime | starting']);
  });

  it('shows nodes and services of a stopped runtime', () => {
    const stopped = runningRuntime({
      state: 'stopped',
      followed: false,
      nodes: [{ name: 'server-0', role: 'server', state: 'exited' }],
      services: [{ id: 'mqtt-broker', cluster: 'mqtt-broker:1883', local: 'localhost:31883' }],
      activity: 'deleting',
    });
    const node = only(nodesOf(folder({ runtime: stopped })), 'runtime');
    assert.deepEqual(seen([node]), [
      '(loading~spin) Runtime | deleting',
      '  (server-environment) Cluster | vapp-repo-01234567',
      '    (server) server-0 | server · exited',
      '  (database) Registry | localhost:41234',
      '  (plug) mqtt-broker | localhost:31883',
    ]);
  });
});

describe('the empty tree, in whose place the editor shows a welcome', () => {
  const idle = (more: Parameters<typeof folder>[0]) => nodesOf(folder({ apps: [absentApp()], ...more }));

  it('is that of every state in which there is nothing to see', () => {
    assert.deepEqual(nodesOf(), []);
    assert.deepEqual(idle({ engine: { state: 'unknown' }, runtime: runtime('unknown') }), []);
    for (const state of ['down', 'missing'] as const) {
      const away = runtime('unknown', { failure: dockerDown });
      assert.deepEqual(idle({ engine: { state, failure: dockerDown }, runtime: away }), [], state);
    }
    assert.deepEqual(idle({ runtime: runtime('unknown') }), []);
    assert.deepEqual(idle({ runtime: runtime('absent') }), []);
    assert.deepEqual(idle({ runtime: runtime('stopped') }), []);
    assert.deepEqual(idle({ runtime: runtime('absent', { activity: 'starting' }) }), []);
    assert.deepEqual(idle({ runtime: runtime('stopped', { activity: 'starting' }) }), []);
  });

  it('is no more as soon as something is done, runs, or is wrong', () => {
    const job = { apps: ['seatadjuster'], title: 'Building Seat Adjuster', steps: [] };
    const contexts = (nodes: readonly TreeNode[]) => nodes.map(({ context }) => context);
    const absent = { apps: [absentApp()], runtime: runtime('absent') };
    assert.deepEqual(contexts(nodesOf(folder(absent, { jobs: [job] }))), ['apps', 'runtime.absent']);
    assert.deepEqual(contexts(nodesOf(folder({ ...absent, problems: [problem()] }))), [
      'problem',
      'apps',
      'runtime.absent',
    ]);
    const running = { apps: [absentApp()], runtime: runtime('running') };
    assert.deepEqual(contexts(nodesOf(folder(running))), ['apps', 'runtime.running']);
    for (const activity of ['stopping', 'deleting'] as const) {
      const nodes = idle({ runtime: runtime('stopped', { activity }) });
      assert.deepEqual(contexts(nodes), ['apps', 'runtime.stopped.busy'], activity);
    }
    assert.deepEqual(contexts(idle({ runtime: runtime('unknown', { failure: dockerDown }) })), [
      'apps',
      'runtime.unknown',
    ]);
  });
});

describe('the tree of several folders', () => {
  const other = (of: Parameters<typeof folder>[0]) => folder(of, { key: 'file:///other#', name: 'other' });

  it('has a row for each, with everything below, also where nothing runs', () => {
    const nodes = nodesOf(folder(), other({ root: '/other', apps: [absentApp()], runtime: runtime('absent') }));
    assert.deepEqual(
      nodes.map(({ label, description, context }) => [label, description, context]),
      [
        ['repo', '/repo', 'folder'],
        ['other', '/other', 'folder'],
      ],
    );
    assert.deepEqual(seen(nodes[1]?.children ?? []), [
      '(rocket) Apps',
      '  (circle-large-outline) Seat Adjuster | not deployed',
      '(circle-large-outline) Runtime | absent',
    ]);
  });

  it('never gives one id twice', () => {
    const twins = [0, 1].map((index) => pod({ name: `pod-${index}` }));
    const apps = [servingApp({ pods: twins }), servingApp({ id: 'horn', pods: twins })];
    const forwards = ['localhost:1', 'localhost:2'].map((address) => ({ app: 'horn', podPort: 80, address }));
    const ids = all(nodesOf(folder({ apps }, { forwards }), other({ apps }))).map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
  });
});

describe('a row', () => {
  it('keeps its id while what it stands for changes', () => {
    const ids = (app: ReturnType<typeof servingApp>) => all(nodesOf(folder({ apps: [app] }))).map(({ id }) => id);
    const changed = servingApp({
      name: 'Renamed',
      image: `${IMAGE}0`,
      release: { revision: 4, status: 'pending-upgrade', updated: '2026-11-24T09:00:00Z' },
      workloads: [],
      pods: [pod({ ready: false, containers: [container({ state: 'waiting', ready: false, restarts: 9 })] })],
    });
    assert.deepEqual(ids(changed), ids(servingApp()));
  });

  it('that is to be open has another id while nothing is below it: the editor would keep it closed', () => {
    const idsIn = (view: FolderView) => ['app', 'runtime'].map((context) => only(nodesOf(view), context).id);
    const bare = idsIn(folder({ apps: [absentApp()], runtime: runtime('running') }));
    const full = idsIn(folder());
    assert.deepEqual(full, ['file:///repo#/app/seatadjuster', 'file:///repo#/runtime']);
    bare.forEach((id, index) => assert.notEqual(id, full[index]));
    for (const node of all(nodesOf(folder()))) assert.ok(node.open !== true || node.children.length > 0, node.id);
  });

  it('of many pods is closed at first, unless it has something to say', () => {
    const pods = Array.from({ length: 100 }, (_, index) => pod({ name: `pod-${String(index).padStart(3, '0')}` }));
    pods[42] = { ...crashingPod(), name: 'pod-042' };
    const nodes = nodesOf(folder({ apps: [servingApp({ pods })] }));
    const rows = all(nodes).filter(({ context }) => context === 'pod');
    assert.equal(rows.length, 100);
    assert.deepEqual(
      rows.filter(({ open }) => open === true).map(({ label }) => label),
      ['pod-042'],
    );
    assert.equal(only(nodesOf(folder()), 'pod').open, true);
  });

  it('shows no control character, no line break and no turn of the writing direction', () => {
    const evil = 'a\u001b[31m\u0007\nb\u202ec\u2066\u0000\u009b\u2028d';
    const app = servingApp({
      name: evil,
      image: `host/${evil}@${DIGEST}`,
      release: { revision: 2, status: evil, updated: evil, chart: evil },
      pods: [pod({ name: evil, ready: false, reason: evil, containers: [container({ name: evil, reason: evil })] })],
      problems: [problem({ message: evil, hint: evil })],
    });
    const failure = new Failure({ code: 'x', fault: 'app', summary: evil, nextSteps: [evil], evidence: [evil] });
    const step = { step: 'build', app: 'horn', message: evil } as const;
    const view = folder(
      {
        root: evil,
        failure,
        apps: [app, absentApp({ id: 'horn' })],
        runtime: runningRuntime({
          failure,
          nodes: [{ name: evil, role: evil, state: evil }],
          services: [{ id: evil, cluster: evil, local: evil }],
          registry: { push: evil, pull: evil },
        }),
      },
      { name: evil, jobs: [{ apps: ['horn'], title: evil, steps: [step] }] },
    );
    const rows = all(nodesOf(view, folder({}, { key: 'file:///other#' })));
    assert.ok(rows.length > 20);
    for (const node of rows) {
      for (const text of [node.label, node.description, node.spoken]) {
        assert.doesNotMatch(text ?? '', /[\p{Cc}\p{Cf}\u2028\u2029]/u, node.context);
      }
      assert.doesNotMatch(tooltipOf(node).replaceAll('  \n', ''), /[\p{Cc}\p{Cf}\u2028\u2029]/u, node.context);
    }
  });

  it('is never longer than anybody reads', () => {
    const huge = 'x'.repeat(10_000_000);
    const jobs = [{ apps: ['seatadjuster'], title: 'Run', steps: [{ step: 'build', message: huge } as const] }];
    const evidence = Array.from({ length: 1000 }, () => huge.slice(0, 5000));
    const failure = new Failure({ code: 'x', fault: 'app', summary: huge, evidence });
    const nodes = nodesOf(folder({ runtime: runningRuntime({ failure }) }, { jobs }));
    for (const node of all(nodes)) {
      assert.ok(`${node.label}${node.description ?? ''}${node.spoken ?? ''}`.length < 1000, node.context);
      assert.ok(tooltipOf(node).length < 30_000, node.context);
    }
  });

  it('says to a screen reader what others see in icon and colour', () => {
    const nodes = nodesOf(folder());
    const broker = all(nodes).find(({ label }) => label === 'mqtt-broker');
    assert.equal(broker?.spoken, 'mqtt-broker, localhost:31883, ready');
    assert.equal(only(nodes, 'app').spoken, 'Seat Adjuster, revision 3 · 1/1 ready');
    assert.equal(only(nodes, 'runtime').spoken, 'Runtime, running');
    assert.equal(only(nodes, 'pod').spoken, 'Pod seatadjuster-6d5f7c9b4d-x7k2p, Running');
  });
});
