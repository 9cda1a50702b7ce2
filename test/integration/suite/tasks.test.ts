import assert from 'node:assert/strict';
import { TaskGroup, Uri, extensions, tasks, workspace, type Task } from 'vscode';
import { TASK_NAMES } from '../../../src/editor/task-arguments';

describe('tasks', () => {
  before(async () => {
    await extensions.getExtension('vscode-velocitas.vscode-velocitas')?.activate();
  });

  it('are offered for the folder, each with what it does', async () => {
    const offered = await tasks.fetchTasks({ type: 'velocitas' });
    assert.deepEqual(offered.map(({ name }) => name).sort(), [...TASK_NAMES].sort());
    for (const { detail, problemMatchers } of offered) {
      assert.ok(detail);
      assert.deepEqual(problemMatchers, ['$velocitas']);
    }
  });

  it('build the image, and end as vapp does', async () => {
    const offered = await tasks.fetchTasks({ type: 'velocitas' });
    const build = offered.find(({ name }) => name === 'build');
    assert.ok(build);
    assert.equal(build.group, TaskGroup.Build);
    assert.equal(await exitCodeOf(build), 0);
  });

  it('are carried out by vapp, those of tasks.json as well', async () => {
    const [folder] = workspace.workspaceFolders ?? [];
    assert.ok(folder);
    const file = Uri.joinPath(folder.uri, '.vscode', 'tasks.json');
    const mine = { type: 'velocitas', task: 'build', app: 'nobody', label: 'mine' };
    await workspace.fs.writeFile(file, Buffer.from(JSON.stringify({ version: '2.0.0', tasks: [mine] })));
    try {
      // Of an app that is not there vapp says so, and that this is a matter of usage.
      assert.equal(await exitCodeOf(await configuredTask('mine')), 2);
    } finally {
      await workspace.fs.delete(file);
    }
  });
});

/** A task of tasks.json, as soon as the editor has read it. */
async function configuredTask(name: string): Promise<Task> {
  for (;;) {
    const found = (await tasks.fetchTasks()).find((task) => task.name === name);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function exitCodeOf(task: Task): Promise<number | undefined> {
  const ended = new Promise<number | undefined>((resolve) => {
    const listener = tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
      if (execution.task.name !== task.name) return;
      listener.dispose();
      resolve(exitCode);
    });
  });
  await tasks.executeTask(task);
  return ended;
}
