import assert from 'node:assert/strict';
import { DiagnosticSeverity, Uri, commands, languages, workspace, type CodeAction } from 'vscode';
import type { StepId } from '../../../src/run';
import { all, only } from '../../unit/editor/tree-fakes';
import { clusterTruth, shownTruth } from '../support/truth';
import { until, untilEqual } from '../support/until';
import { TestWindow, acceptProposals, type JobRecord } from '../support/window';

const RUN_LIMIT_MS = 5 * 60_000;
const MISSING_VOLUME = JSON.stringify({
  spec: {
    template: {
      spec: {
        volumes: [{ name: 'settings', configMap: { name: 'nowhere' } }],
        containers: [{ name: 'app', volumeMounts: [{ name: 'settings', mountPath: '/settings' }] }],
      },
    },
  },
});

describe('an app', function () {
  this.timeout(RUN_LIMIT_MS);
  let window: TestWindow;

  before(async () => {
    window = await TestWindow.open();
    await window.showTree();
  });

  afterEach(() => window.restore());

  const treeIsTrue = () =>
    untilEqual(
      () => shownTruth(window),
      () => clusterTruth(window),
    );
  const contexts = () => window.rows().map(({ node }) => node.context);
  const revision = () => window.app.release?.revision;
  /** Image and pods, as soon as none is on its way out; the revision is left out, since each image of tests is one. */
  const whatServes = () =>
    until('only pods that stay', async () => {
      const { image, pods } = await clusterTruth(window);
      return pods.some((pod) => pod.includes(' ending:')) ? undefined : { image, pods };
    });

  it('is not in an empty tree, in which nothing runs', async () => {
    await untilEqual(() => window.folder.picture.runtime.state, 'absent');
    assert.deepEqual(window.api.tree.nodes, []);
    assert.deepEqual(window.rows(), []);
  });

  it('is built, pushed and deployed by Run App while the runtime starts, and the tree shows it', async () => {
    const shown = new Set<string>();
    const looking = window.folder.onDidChange(() =>
      all(window.api.tree.nodes).forEach((row) => shown.add(row.context)),
    );
    const record = await window.perform('run');
    looking.dispose();
    assert.deepEqual(outcomes(record), ['done']);
    const steps: StepId[] = ['read', 'runtime', 'build', 'push', 'services', 'deploy'];
    for (const step of steps) assert.deepEqual(statesOf(record, step), ['started', 'finished'], step);
    assert.ok(shown.has('app.absent.busy.builtin'), [...shown].join(' '));
    assert.ok([...shown].some((context) => /^runtime\.\w+\.busy$/.test(context)));
    await treeIsTrue();
    assert.equal(revision(), 1);
    await untilEqual(
      () => contexts().filter((context) => /^(app|runtime|release|container)\b/.test(context)),
      ['app.deployed.builtin', 'release', 'container.running', 'runtime.running'],
    );
  });

  it('says by each row what it is about, as its commands need it', async () => {
    const item = window.api.tree.getTreeItem(await window.row(/^container\b/));
    assert.equal(item.contextValue, 'container.running');
    const { target } = await window.row(/^container\b/);
    assert.equal(target.folder, window.folder);
    assert.deepEqual({ ...target, folder: 0 }, { folder: 0, app: 'sampleapp', pod: target.pod, container: 'app' });
    assert.equal(window.api.tree.getTreeItem(await window.row(/^app\b/)).contextValue, 'app.deployed.builtin');
  });

  it('is left as it is by Run App when nothing has changed', async () => {
    const before = await clusterTruth(window);
    const record = await window.perform('run', await window.row(/^app\b/));
    assert.deepEqual(outcomes(record), ['done']);
    assert.deepEqual(statesOf(record, 'deploy').at(-1), 'skipped');
    assert.deepEqual(await clusterTruth(window), before);
    await treeIsTrue();
  });

  it('is replaced by Run App when a line of its source has changed', async () => {
    await window.sayAtStart('a changed line');
    const record = await window.perform('run');
    assert.deepEqual(outcomes(record), ['done']);
    await treeIsTrue();
    assert.equal(revision(), 2);
    assert.equal(only(window.api.tree.nodes, 'release').context, 'release.rollback');
  });

  it('shows in tree and problems why a pod does not start, which only Kubernetes’ warnings tell', async () => {
    const { id } = window.app;
    const settings = Uri.file(window.path('vapp.yaml'));
    await window.kubectl('patch', 'deployment', id, '--patch', MISSING_VOLUME);
    try {
      const row = await window.row(/^problem\.again$/);
      assert.match(row.node.label, /^The ConfigMap nowhere, which the pod mounts, does not exist/);
      assert.match((row.node.tooltip ?? []).map(({ value }) => value).join('\n'), /FailedMount: .*"nowhere" not found/);
      assert.equal(row.target.app, id);
      const [diagnostic, ...others] = ours(settings);
      assert.deepEqual(others, []);
      assert.ok(diagnostic);
      assert.ok(diagnostic.message.startsWith(row.node.label), diagnostic.message);
      // The editor answers for documents that are open.
      await workspace.openTextDocument(settings);
      const fixes = await commands.executeCommand<CodeAction[]>(
        'vscode.executeCodeActionProvider',
        settings,
        diagnostic.range,
      );
      assert.deepEqual(
        fixes.flatMap(({ command }) => (command?.command.startsWith('velocitas.') ? [command.command] : [])),
        ['velocitas.run'],
      );
    } finally {
      await window.kubectl('rollout', 'undo', 'deployment', id);
    }
    await untilEqual(() => contexts().filter((context) => context.startsWith('problem')), []);
    await treeIsTrue();
    assert.deepEqual(ours(settings), []);
  });

  it('says in the tree which Service leads nowhere, while it serves', async () => {
    const { id } = window.app;
    const patch = (instance: string) =>
      window.kubectl(
        ...['patch', 'service', id, '--patch'],
        JSON.stringify({ spec: { selector: { 'app.kubernetes.io/instance': instance } } }),
      );
    await patch('nobody');
    try {
      const { node } = await window.row(/^problem\.again$/);
      assert.match(node.label, /^The Service \S+ leads nowhere: .*instance=nobody/);
      assert.equal(node.icon, 'warning');
    } finally {
      await patch(id);
    }
    await untilEqual(() => contexts().filter((context) => context.startsWith('problem')), []);
  });

  it('that does not build serves on, and its Dockerfile says why at the line', async () => {
    const dockerfile = Uri.file(window.path('app/Dockerfile'));
    await window.edit('app/Dockerfile', 'COPY app/src ./\n', 'COPY app/src ./\nRUN false\n');
    const line = 1 + (await window.read('app/Dockerfile')).split('\n').indexOf('RUN false');
    const before = revision();
    const record = await window.perform('run');
    assert.deepEqual(outcomes(record), ['failed']);
    assert.deepEqual(statesOf(record, 'build'), ['started', 'failed']);
    const [diagnostic, ...others] = ours(dockerfile);
    assert.deepEqual(others, []);
    assert.equal(diagnostic?.severity, DiagnosticSeverity.Error);
    assert.equal(diagnostic.range.start.line + 1, line);
    await treeIsTrue();
    assert.equal(revision(), before);

    await window.restore();
    assert.deepEqual(outcomes(await window.perform('run')), ['done']);
    assert.deepEqual(ours(dockerfile), []);
  });

  it('is as it was when Run App is cancelled, in whichever step', async () => {
    await window.perform('run');
    const before = await clusterTruth(window);
    for (const step of ['read', 'build', 'push', 'deploy'] as const) {
      await window.sayAtStart(`cancelled at ${step}`);
      const record = await window.perform('run', undefined, ({ event }) => {
        if (event.type === 'step' && event.step === step && event.state === 'started')
          void commands.executeCommand('velocitas.cancel');
      });
      assert.deepEqual(outcomes(record), ['cancelled'], `${step}: ${failuresOf(record)}`);
      assert.deepEqual(unendedSteps(record), [], step);
      assert.deepEqual(window.folder.jobs.running, []);
      // Pods of an attempt that was cancelled may still be ending.
      await untilEqual(async () => (await clusterTruth(window)).image, before.image);
      await treeIsTrue();
    }
    await window.restore();
    assert.deepEqual(outcomes(await window.perform('run')), ['done']);
    await treeIsTrue();
  });

  it('is run from its newest source when Run App is asked for twice', async () => {
    await window.sayAtStart('the first of two');
    const first = window.perform('run');
    await untilEqual(() => window.folder.jobs.running.length, 1);
    await window.sayAtStart('the second of two');
    const second = await window.perform('run');
    await first;
    assert.deepEqual(outcomes(second), ['cancelled', 'done']);
    await treeIsTrue();
    const logs = await window.kubectl('logs', '-n', 'default', `deployment/${window.app.id}`);
    assert.match(logs, /the second of two/);
  });

  it('goes back to the revision that is picked', async () => {
    const before = revision() ?? 0;
    const record = await acceptProposals(window.perform('rollBack', await window.row(/^release\.rollback$/)));
    assert.deepEqual(outcomes(record), ['done']);
    await untilEqual(revision, before + 1);
    await treeIsTrue();
  });

  it('is tested beside it by Run Integration Tests, which shows in the output what the tests write', async () => {
    const before = await whatServes();
    const record = await window.perform('test', await window.row(/^app\b/));
    assert.deepEqual(outcomes(record), ['done']);
    assert.deepEqual(statesOf(record, 'test'), ['started', 'finished']);
    assert.ok(linesOf(record).includes('OK'), linesOf(record).join('\n'));
    await untilOutput(/test_a_new_speed_is_published/);
    await untilOutput(/Ran 2 tests in /);
    await untilEqual(whatServes, before);
    await treeIsTrue();
  });

  it('that fails its integration tests is told with their last lines, and serves on', async () => {
    await window.edit('app/tests/integration/test_speed.py', 'self.set_speed(speed)\n', 'self.fail("on purpose")\n');
    const before = await whatServes();
    const record = await window.perform('test', await window.row(/^app\b/));
    const [end] = record.ends;
    assert.ok(end?.outcome.status === 'failed');
    const { code, evidence, summary } = end.outcome.failure;
    assert.equal(code, 'test-failed');
    assert.match(evidence.join('\n'), /AssertionError: on purpose/);
    assert.deepEqual(statesOf(record, 'test'), ['started', 'failed']);
    // Told as any failure is: summary, then what proves it.
    await until('the failure in the output', () => {
      const text = outputText();
      const told = text.lastIndexOf(summary);
      return (told >= 0 && text.indexOf('| AssertionError: on purpose', told) >= 0) || undefined;
    });
    await untilEqual(whatServes, before);
    await treeIsTrue();
  });

  it('comes back with a runtime that was stopped, also when its start was cancelled once', async () => {
    const before = revision();
    assert.deepEqual(outcomes(await window.perform('stopRuntime')), ['done']);
    await untilEqual(() => window.folder.picture.runtime.state, 'stopped');
    await untilEqual(() => window.rows().length, 0);
    const record = await window.perform('run', undefined, ({ event }) => {
      if (event.type === 'step' && event.step === 'runtime') void commands.executeCommand('velocitas.cancel');
    });
    assert.deepEqual(outcomes(record), ['cancelled']);
    assert.deepEqual(unendedSteps(record), []);
    assert.deepEqual(outcomes(await window.perform('startRuntime')), ['done']);
    await untilEqual(revision, before);
    await treeIsTrue();
  });

  it('goes from the tree when it is uninstalled', async () => {
    assert.deepEqual(outcomes(await window.perform('uninstall', await window.row(/^app\b/))), ['done']);
    await untilEqual(
      () => contexts().filter((context) => /^(app|image|release|pod)\b/.test(context)),
      ['app.absent.builtin'],
    );
    await treeIsTrue();
  });
});

function outcomes({ ends }: JobRecord): string[] {
  return ends.map(({ outcome }) => outcome.status);
}

/** The states that a step went through, without its progress. */
function statesOf({ events }: JobRecord, step: StepId): string[] {
  return events.flatMap(({ event }) =>
    event.type === 'step' && event.step === step && event.state !== 'progress' ? [event.state] : [],
  );
}

/** Steps that were begun and of whose end nothing was told. */
function unendedSteps(record: JobRecord): StepId[] {
  const begun = record.events.flatMap(({ event }) => (event.type === 'step' ? [event.step] : []));
  return [...new Set(begun)].filter((step) => ['started', undefined].includes(statesOf(record, step).at(-1)));
}

/** What went wrong, for the message of a test. */
function failuresOf({ ends }: JobRecord): string {
  return ends
    .flatMap(({ outcome }) => (outcome.status === 'failed' ? [outcome.failure] : []))
    .map(({ code, summary, evidence }) => [`${code}: ${summary}`, ...evidence].join('\n'))
    .join('\n');
}

/** What the followed pods of a job wrote. */
function linesOf({ events }: JobRecord): string[] {
  return events.flatMap(({ event }) =>
    event.type === 'log' && event.event.type === 'line' ? [event.event.line.text] : [],
  );
}

/** What stands in the channels of output that have been shown. */
function outputText(): string {
  const shown = workspace.textDocuments.filter(({ uri }) => uri.scheme === 'output');
  return shown.map((document) => document.getText()).join('\n');
}

/** A channel is a file, which the editor reads now and then. */
function untilOutput(text: RegExp): Promise<boolean> {
  return until(`${String(text)} in the output`, () => text.test(outputText()) || undefined);
}

function ours(file: Uri) {
  return languages.getDiagnostics(file).filter(({ source }) => source === 'Velocitas');
}
