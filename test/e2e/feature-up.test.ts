import assert from 'node:assert/strict';
import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkspaceStatus } from '../../src/run';
import { TestWorkspace, assertDone, type JsonEvent, type JsonOutcome } from './support/workspace';
import { FeatureBed, type CliResult } from './support/feature/bed';
import { skipBecause } from '../support/skip';

const BUNDLE_IN_CONTAINER = '/opt/velocitas.tar';

/** What somebody does with the Python template and the Feature, from the first opening to a rebuild. */
describe('a devcontainer with the Feature', function () {
  // The engine inside is filled with everything.
  this.timeout('15m');
  let made: FeatureBed | undefined;
  let bed: FeatureBed;
  let source: TestWorkspace | undefined;
  let bundle: string;
  let folder: string;

  before(async function () {
    made = await FeatureBed.create();
    if (!made) {
      skipBecause(this, 'containers of this engine do not reach the mirror, which this process serves');
    }
    bed = made;
    const workspace = (source = await TestWorkspace.sample('Quelle des Bündels'));
    bundle = join(bed.base, 'velocitas.tar');
    assertDone(await workspace.vapp(['bundle', 'save', bundle]));
    await workspace.vapp(['delete']);
    await chmod(bundle, 0o644);
    const mounts = [{ type: 'bind', source: bundle, target: BUNDLE_IN_CONTAINER }];
    folder = await bed.workspace(
      'python-app',
      { bundle: BUNDLE_IN_CONTAINER, kubectl: 'none', helm: '3.16.1' },
      { mounts },
      workspace.path,
    );
  });
  after(async () => {
    await source?.dispose();
    await made?.dispose();
  });

  const up = async (...more: string[]) => {
    const result = await bed.cli(['up', '--workspace-folder', folder, ...more]);
    assert.equal(result.exitCode, 0, result.lines.slice(-60).join('\n'));
    return result;
  };
  const exec = (...command: string[]) => bed.cli(['exec', '--workspace-folder', folder, ...command]);
  const vapp = async (...args: string[]) => {
    const result = await exec('vapp', '--output', 'json', ...args);
    const events = eventsOf(result);
    const outcome = outcomeOf(result);
    assert.ok(outcome, result.lines.slice(-40).join('\n'));
    assert.equal(outcome.status, 'done', JSON.stringify(outcome.failure, undefined, 2));
    return { events, value: outcome.value };
  };
  const status = async () => (await vapp('status')).value as WorkspaceStatus;
  const server = async () =>
    (await exec('docker', 'ps', '-q', '--no-trunc', '--filter', 'name=server-0')).stdout.trim();
  /** Waits for the end of the start in the background; a cluster that comes up has moments in which it does not answer. */
  const untilStarted = async () => {
    for (;;) {
      const outcome = outcomeOf(await exec('vapp', '--output', 'json', 'status'));
      if (outcome?.status === 'done' && (outcome.value as WorkspaceStatus).activity === undefined) return;
      await exec('sleep', '1');
    }
  };
  const startLog = async () => (await exec('sh', '-c', 'cat ~/.local/share/vscode-velocitas/*.up.log')).stdout;
  const begins = ({ lines }: CliResult) =>
    assert.ok(
      lines.some((line) => line.includes('The runtime is being started in the background.')),
      lines.slice(-40).join('\n'),
    );

  it('opens while the runtime is being started in the background, and says so', async () => {
    begins(await up());
    const { activity, runtime } = await status();
    assert.equal(activity, 'starting', JSON.stringify(runtime));
  });

  it('runs the app: built in the devcontainer, on a cluster in the devcontainer', async () => {
    const { events } = await vapp('run', '--no-follow');
    assert.ok(
      textOf(events).some((text) => text.includes('ready: publishing Vehicle.Speed')),
      textOf(events).join('\n'),
    );
    assert.match(await server(), /^[0-9a-f]{64}$/);
    const here = await bed.docker.listContainers({ filters: { name: ['python-app'] } });
    assert.deepEqual(here, [], 'nothing of it is on the engine outside');
  });

  it('has its cluster again after the container was stopped in the middle of a start', async () => {
    const before = await server();
    await stop();
    begins(await up());
    await stop();
    await up();
    await untilStarted();
    const { events } = await vapp('run', '--no-follow');
    assert.deepEqual(stepsDone(events), []);
    assert.equal(await server(), before, await startLog());
  });

  it('has its cluster and images again after a rebuild, and runs the app without a new build', async () => {
    const before = await server();
    await up('--remove-existing-container');
    await untilStarted();
    const { events } = await vapp('run', '--no-follow');
    assert.deepEqual(stepsDone(events), []);
    assert.equal(await server(), before, await startLog());
    assert.ok(textOf(events).length > 0);
  });

  describe('installed from the bundle', () => {
    const env = { BUNDLE: 'file:///bundle.tar', DOWNLOADMIRROR: 'http://mirror.invalid', DOCKERMODE: 'none' };
    const options = () => [`--volume=${bundle}:/bundle.tar:ro`, '--network=none'];

    it('downloads nothing, and keeps the bundle for the start', async () => {
      const script = `sh /feature/install.sh >&2 && for tool in 'k3d version' 'helm version' 'kubectl version --client' \
        'vapp --version' '/usr/local/lib/docker/cli-plugins/docker-buildx version'; do $tool >/dev/null && echo works; done; \
        cat /etc/velocitas/vapp.json; stat -c %s /usr/local/share/velocitas/bundle.tar; command -v node`;
      const { stdout, lines } = await bed.inContainer(script, { env, options: options() });
      assert.equal(
        stdout,
        `${'works\n'.repeat(5)}{"bundle":"/usr/local/share/velocitas/bundle.tar"}\n${(await stat(bundle)).size}\n`,
        lines.join('\n'),
      );
    });

    it('refuses one that is damaged', async () => {
      const script = `mkdir /x && tar -xf /bundle.tar -C /x --exclude 'images/*' && echo >>/x/tools/k3d && \
        tar -cf /damaged.tar -C /x . && sh /feature/install.sh; ls /usr/local/bin`;
      const damaged = { ...env, BUNDLE: '/damaged.tar' };
      const { stdout, said } = await bed.inContainer(script, { env: damaged, options: options() });
      assert.equal(said.at(-1), 'velocitas: the bundle is damaged: tools/k3d: FAILED');
      assert.doesNotMatch(stdout, /k3d$|vapp$/m);
    });
  });

  /** Stops the devcontainer as an editor that is closed does. */
  async function stop(): Promise<void> {
    const [container] = (await bed.containers()).filter(({ folder: of }) => of === folder);
    assert.ok(container);
    await bed.docker.getContainer(container.id).stop({ t: 1 });
  }
});

function eventsOf({ stdout }: CliResult): JsonEvent[] {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as JsonEvent);
}

function outcomeOf(result: CliResult): JsonOutcome | undefined {
  return eventsOf(result).find((event): event is JsonOutcome & { time: string } => event.type === 'outcome');
}

function textOf(events: readonly JsonEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'log' && event.event.type === 'line' ? [event.event.line.text] : [],
  );
}

/** Instructions of the Dockerfile that were carried out and not taken from the cache. */
function stepsDone(events: readonly JsonEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'build' &&
    event.event.type === 'step' &&
    event.event.step.state === 'done' &&
    /\] (RUN|COPY) /.test(event.event.step.name)
      ? [event.event.step.name]
      : [],
  );
}
