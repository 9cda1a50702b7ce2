import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkspaceStatus } from '../../src/run';
import { Toolbox, dockerClient, type Docker } from '../../src/tools';
import { objectsOf } from './support/engine';
import { runIntegrationTest } from './support/sample';
import { TestWorkspace, assertDone, type VappResult } from './support/workspace';

const HELMS = [
  { name: 'Helm 4', variable: 'VAPP_TEST_HELM4' },
  { name: 'Helm 3', variable: 'VAPP_TEST_HELM3' },
] as const;

describe('the main job', function () {
  this.timeout('10m');
  let workspace: TestWorkspace;
  let docker: Docker;

  before(async () => {
    workspace = await TestWorkspace.sample('Meine schöne App');
    docker = await dockerClient(new Toolbox(workspace.environment()));
  });

  after(async () => {
    await workspace.dispose();
  });

  // Mocha runs the tests of a suite before its nested suites, so every step of the story is in one of its own.
  describe('from nothing', () => {
    it('runs the sample app to its log lines', async () => {
      const run = await workspace.vapp(['run', '--no-follow']);
      assertDone(run);
      assert.ok(run.lines.length > 0, 'the app wrote a line');
      assert.match(imageOf(run), /^registry\.vapp\.internal:5000\/sampleapp@sha256:[0-9a-f]{64}$/);
    });

    it('shows the speed, set from outside the cluster, on the MQTT topic outside the cluster', async () => {
      await runIntegrationTest(workspace, await statusOf(workspace));
    });
  });

  for (const helm of HELMS) {
    describe(`with ${helm.name}`, () => {
      let env: Record<string, string | undefined>;
      let changed: VappResult;
      const marker = `line changed under ${helm.name}`;

      before(() => {
        env = { VAPP_HELM: workspace.environment()[helm.variable] };
      });

      it('shows the new line after a source line changed', async () => {
        await workspace.edit('app/src/main.py', /"%s %s started[^"]*"/, `"%s %s started, ${marker} (Python %s)"`);
        changed = await workspace.vapp(['run', '--no-follow', '--timeline'], { env });
        assertDone(changed);
        assert.ok(
          changed.lines.some((line) => line.includes(marker)),
          changed.lines.join('\n'),
        );
      });

      it('tells what of it took how long', () => {
        const spans = changed.events.flatMap((event) => (event.type === 'timeline' ? event.spans : []));
        const names = spans.map(({ step, part }) => (part === undefined ? step : `${step}/${part}`));
        for (const name of [
          'start',
          'build',
          'push',
          'deploy',
          'pod',
          'pod/container started',
          'pod/first line written',
        ])
          assert.ok(names.includes(name), `${name} is not among ${names.join(', ')}`);
        assert.deepEqual(
          spans.filter(({ from, to }) => from < 0 || to < from),
          [],
        );
      });

      it('does not roll out when nothing changed', async () => {
        const before = await statusOf(workspace);
        const run = await workspace.vapp(['run', '--no-follow'], { env });
        assertDone(run);
        assert.ok(
          run.events.some((event) => event.type === 'step' && event.step === 'deploy' && event.state === 'skipped'),
        );
        assert.deepEqual(releaseOf(await statusOf(workspace)), releaseOf(before));
      });

      it('rolls back to the revision before', async () => {
        assertDone(await workspace.vapp(['rollback'], { env }));
        const logs = await workspace.vapp(['logs', '--no-follow'], { env });
        assertDone(logs);
        // The pod of the revision that was left may still be on its way out, and its log is an app's log too.
        const pods = releaseOf(await statusOf(workspace)).serving;
        const lines = logs.events.flatMap((event) =>
          event.type === 'log' && event.event.type === 'line' && pods.includes(event.event.line.pod)
            ? [event.event.line.text]
            : [],
        );
        assert.ok(lines.length > 0);
        assert.ok(!lines.some((line) => line.includes(marker)), lines.join('\n'));
      });
    });
  }

  describe('at the end', () => {
    it('keeps the app across stop and start', async () => {
      const { revision } = releaseOf(await statusOf(workspace));
      assertDone(await workspace.vapp(['stop']));
      assert.equal((await statusOf(workspace)).runtime.state, 'stopped');
      // The last revision is the one rolled back to, from the source as it is now: this one has to be brought first.
      assertDone(await workspace.vapp(['up']));
      const run = await workspace.vapp(['run', '--no-follow']);
      assertDone(run);
      assert.ok(run.lines.length > 0);
      assert.equal(releaseOf(await statusOf(workspace)).revision, revision + 1);
      assertDone(await workspace.vapp(['stop']));
      assertDone(await workspace.vapp(['run', '--no-follow']));
      assert.equal(releaseOf(await statusOf(workspace)).revision, revision + 1, 'the same again is no new revision');
    });

    it('leaves the user’s own kubeconfig byte-identical', async () => {
      assert.ok(await workspace.userKubeconfigIsUntouched());
    });

    it('leaves nothing behind after delete', async () => {
      const { cluster } = (await statusOf(workspace)).runtime;
      assert.notDeepEqual(await objectsOf(docker, cluster), []);
      assertDone(await workspace.vapp(['delete']));
      assert.deepEqual(await objectsOf(docker, cluster), []);
      assert.ok(!existsSync(join(workspace.home, 'data', 'vscode-velocitas', cluster)));
      assert.equal((await statusOf(workspace)).runtime.state, 'absent');
    });
  });
});

async function statusOf(workspace: TestWorkspace): Promise<WorkspaceStatus> {
  const result = await workspace.vapp(['status']);
  assertDone(result);
  return result.outcome.value as WorkspaceStatus;
}

function releaseOf(status: WorkspaceStatus) {
  const release = status.apps[0]?.release;
  assert.ok(release);
  const serving = release.pods.filter((pod) => pod.phase === 'Running').map((pod) => pod.name);
  return { revision: release.revision, serving };
}

function imageOf(run: VappResult): string {
  const [app] = run.outcome.value as { image: string }[];
  assert.ok(app);
  return app.image;
}
