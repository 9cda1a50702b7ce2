import assert from 'node:assert/strict';
import type { WorkspaceStatus } from '../../src/run';
import { runCommand } from '../../src/tools';
import { assertDone, TestWorkspace } from '../e2e/support/workspace';
import type { Person } from '../workbench/person';
import { Desk } from './desk';
import { skipBecause } from '../support/skip';

/** A first start brings everything up, on machines of any speed. */
const START_MS = 180_000;

/** `Pod sampleapp-7d9f, running` → `sampleapp-7d9f` */
const nameOf = (row: string) => /^Pod (\S+),/.exec(row)?.[1];

const SERVING = /^SampleApp, revision \d+ · 1\/1 ready/;

describe('somebody with the sample app in the workbench', function () {
  this.timeout(2 * START_MS);
  let failed = false;
  let desk: Desk;
  let person: Person;

  before(async () => {
    desk = await Desk.open(await TestWorkspace.sample('Vehicle App'));
    person = await desk.sitDown();
  });

  after(() => desk.dispose());

  beforeEach(function () {
    // Each test begins where the one before has left the workbench.
    if (failed) skipBecause(this, 'the test before, from which this one goes on, has failed');
  });

  afterEach(async function () {
    const { title = '', state } = this.currentTest ?? {};
    if (failed) return;
    failed = state === 'failed';
    await person.takePicture(`app-${title.replaceAll(/\W+/g, '-')}${state === 'failed' ? '-failed' : ''}`);
  });

  async function status(): Promise<WorkspaceStatus> {
    const result = await desk.workspace.vapp(['status']);
    assertDone(result);
    return result.outcome.value as WorkspaceStatus;
  }

  async function run(revision: number): Promise<void> {
    await person.command('Velocitas: Run App');
    await person.row(new RegExp(`^SampleApp, revision ${revision} · 1/1 ready`), START_MS);
    await person.noNotification(/^Running/);
  }

  it('is welcomed while nothing runs, and offered only what can be done', async () => {
    await person.untilWelcome(/There is no runtime yet/);
    await person.untilStatusBar(/runtime absent/);
    const offered = await person.offeredCommands('Velocitas: ');
    assert.ok(offered.includes('Velocitas: Run App'), offered.join('\n'));
    assert.ok(offered.includes('Velocitas: Start Runtime'), offered.join('\n'));
    for (const title of ['Stop Runtime', 'Delete Runtime…', 'Show Log', 'Roll Back…', 'Cancel']) {
      assert.ok(!offered.includes(`Velocitas: ${title}`), title);
    }
  });

  it('sees how the first run gets on', async () => {
    await person.command('Velocitas: Run App');
    await person.untilNotification(/^Running SampleApp/);
    await person.row(/^SampleApp, /);
    await person.untilStatusBar(/Starting the runtime/);
  });

  it('sees what runs, and the log beside it', async () => {
    await person.row(SERVING, START_MS);
    await person.untilOutput(/SampleApp: ready: publishing Vehicle\.Speed/);
    await person.noNotification(/^Running/);
    await person.untilStatusBar(/SampleApp r1/);
    for (const row of [
      /^Image\b/,
      /^Release\b.*revision 1 · deployed/,
      /^Pod sampleapp-\w+-\w+, /,
      /^Container app, running/,
      /^Runtime, running/,
      /^Registry/,
      /^mqtt-broker, localhost:\d+/,
      /^vehicledatabroker, localhost:\d+/,
    ]) {
      await person.row(row);
    }
    const { runtime } = await status();
    for (const { id, local } of runtime.services) await person.row(new RegExp(`^${id}, ${local ?? ''}`));
  });

  it('changes a line and sees it run', async () => {
    await person.changeLine('app/src/main.py', '"%s %s started', '"%s %s started, changed by hand');
    await run(2);
    await person.untilOutput(/started, changed by hand/);
    // The pod before has gone.
    await person.noRow(/ending$/);
    await person.row(/^Pod sampleapp-/);
  });

  it('is shown the line at which a build fails', async () => {
    await person.changeLine('app/Dockerfile', 'RUN python -c', 'RUN false && python -c');
    await person.command('Velocitas: Run App');
    await person.untilNotification(/RUN false/);
    await person.openProblems();
    await person.untilProblem(/Dockerfile/);
    await person.untilProblem(/RUN false.*at line 11 and/s);
    await person.row(/^SampleApp, revision 2 · 1\/1 ready/);
  });

  it('mends the line and the problem is gone', async () => {
    await person.changeLine('app/Dockerfile', 'RUN false && python -c', 'RUN python -c');
    await person.closeNotifications();
    await person.command('Velocitas: Run App');
    await person.noProblem();
    await person.noNotification(/^Running/);
    await person.row(SERVING);
  });

  it('sees a restart when the container dies', async () => {
    await person.command('Velocitas: Show Log');
    const { access } = (await status()).runtime;
    const [, pod = ''] = /^Pod (\S+),/m.exec((await person.rows()).join('\n')) ?? [];
    assert.ok(access);
    const kill = ['python', '-c', 'import os; os.kill(1, 15)'];
    await runCommand(
      {
        program: 'kubectl',
        args: ['--kubeconfig', access.kubeconfig, 'exec', pod, '--', ...kill],
        env: desk.workspace.environment(),
      },
      { acceptExitCodes: [137, 143] },
    );
    await person.row(/^Container app, .*1 restart/);
    await person.untilOutput(/restarted|started again|── .*app/);
    await person.row(SERVING);
  });

  it('works on the app live, and leaves it with an image of its own', async () => {
    await person.command('Velocitas: Start Live Update');
    await person.untilStatusBar(/SampleApp live/, START_MS);
    await person.row(/^SampleApp, live · revision \d+ · 1\/1 ready/, START_MS);
    await person.noRow(/ending$/);
    const pods = async () => (await person.rows()).filter((row) => row.startsWith('Pod '));
    const [pod = ''] = await pods();
    await person.changeLine('app/src/main.py', 'changed by hand', 'changed by hand, live');
    await person.untilOutput(/started, changed by hand, live/);
    await person.takePicture('app-live-changed');
    assert.deepEqual((await pods()).map(nameOf), [nameOf(pod)]);
    await person.command('Velocitas: Stop Live Update');
    await person.untilStatusBar(/SampleApp r\d/, START_MS);
    await person.row(SERVING);
    await person.noRow(/ending$/);
    assert.notDeepEqual((await pods()).map(nameOf), [nameOf(pod)]);
  });

  it('stops the runtime and starts it again', async () => {
    await person.command('Velocitas: Stop Runtime');
    await person.untilWelcome(/The runtime is stopped/);
    await person.untilStatusBar(/runtime stopped/);
    await person.takePicture('app-stopped');
    await person.press('Start Runtime');
    await person.row(SERVING, START_MS);
    await person.noNotification(/^Starting/);
    await person.untilStatusBar(/SampleApp r\d/);
  });

  it('reloads the window in the middle of a run and finds what is true', async () => {
    await person.changeLine('app/src/main.py', 'changed by hand', 'changed once more');
    await person.command('Velocitas: Run App');
    await person.untilNotification(/^Running/);
    await person.reload();
    await person.openView();
    await person.row(SERVING);
    const { apps } = await status();
    await person.untilStatusBar(new RegExp(`SampleApp r${apps[0]?.release?.revision ?? '-'}$`));
    await person.noNotification(/^Running/);
  });

  it('sees in one window what another does', async () => {
    const other = await desk.sitDown();
    await other.row(SERVING);
    assert.deepEqual(await other.rows(), await person.rows());
    await other.command('Velocitas: Stop Runtime');
    await person.untilWelcome(/The runtime is stopped/);
    await other.untilWelcome(/The runtime is stopped/);
    await other.leave();
  });

  it('deletes the runtime after being asked, and is welcomed again', async () => {
    await person.command('Velocitas: Delete Runtime…');
    await person.page.locator('.monaco-dialog-box').waitFor();
    await person.takePicture('app-delete-asks');
    await person.press('Delete');
    await person.untilWelcome(/There is no runtime yet/);
    await person.untilStatusBar(/runtime absent/);
    assert.equal((await status()).runtime.state, 'absent');
  });
});
