import { join } from 'node:path';
import {
  ProcessExecution,
  Task,
  TaskGroup,
  TaskPanelKind,
  l10n,
  tasks,
  type Disposable,
  type TaskDefinition,
  type TaskProvider,
} from 'vscode';
import type { AppFolder } from './app-folder';
import type { Folders } from './folders';
import { offeredTasks, readTask, taskArguments, type TaskName, type VelocitasTask } from './task-arguments';

const TYPE = 'velocitas';
const SOURCE = 'Velocitas';
const PROBLEM_MATCHER = '$velocitas';

/** Offers the tasks of each folder, and carries out those that `tasks.json` configures. */
export function registerTasks(folders: Folders, extensionPath: string): Disposable {
  return tasks.registerTaskProvider(TYPE, new VelocitasTasks(folders, join(extensionPath, 'dist', 'cli.js')));
}

/** Each task is a `vapp` of its own in a terminal, so that Ctrl-C cancels it. */
class VelocitasTasks implements TaskProvider {
  constructor(
    private readonly folders: Folders,
    private readonly program: string,
  ) {}

  async provideTasks(): Promise<Task[]> {
    await this.folders.ready;
    return this.folders.all.flatMap((folder) =>
      offeredTasks(folder.picture.apps.map(({ id }) => id)).map((task) =>
        this.create(folder, task, { type: TYPE, ...task }, nameOf(task)),
      ),
    );
  }

  async resolveTask({ definition, scope, name }: Task): Promise<Task | undefined> {
    await this.folders.ready;
    const task = readTask(definition);
    const folder = this.folderOf(scope);
    return task && folder && this.create(folder, task, definition, name);
  }

  /** A task of the whole window or of the user is about the first of the folders. */
  private folderOf(scope: Task['scope']): AppFolder | undefined {
    if (typeof scope !== 'object') return this.folders.all[0];
    return this.folders.all.find(({ folder }) => folder.uri.toString() === scope.uri.toString());
  }

  /** The editor recognizes a configured task by its definition, which therefore stays the same object. */
  private create(folder: AppFolder, task: VelocitasTask, definition: TaskDefinition, name: string): Task {
    const execution = new ProcessExecution(process.execPath, [this.program, ...taskArguments(task)], {
      cwd: folder.session.root,
      env: environmentOf(folder),
    });
    const created = new Task(definition, folder.folder, name, SOURCE, execution, PROBLEM_MATCHER);
    created.detail = DETAILS[task.task]();
    if (BUILDS.includes(task.task)) created.group = TaskGroup.Build;
    if (FOLLOWS.includes(task.task)) created.presentationOptions = { panel: TaskPanelKind.Dedicated, clear: true };
    return created;
  }
}

const BUILDS: readonly TaskName[] = ['build', 'K3D Runtime - Build VehicleApp'];
/** Tasks whose terminal is a log. */
const FOLLOWS: readonly TaskName[] = ['run', 'logs'];

function nameOf({ task, app }: VelocitasTask): string {
  return app === undefined ? task : `${task} ${app}`;
}

/** On a desktop `process.execPath` is the editor itself, which the variable turns into a plain Node. */
function environmentOf({ session }: AppFolder): Record<string, string> {
  const path = session.options.env['PATH'];
  return { ELECTRON_RUN_AS_NODE: '1', ...(path === undefined || path === process.env['PATH'] ? {} : { PATH: path }) };
}

const DETAILS: Readonly<Record<TaskName, () => string>> = {
  run: () => l10n.t('Build, start the runtime, deploy and follow the log'),
  build: () => l10n.t('Build the image into the local engine'),
  up: () => l10n.t('Create or resume the runtime and its services'),
  stop: () => l10n.t('Stop the runtime and keep all that is in it'),
  delete: () => l10n.t('Delete the runtime and all that is in it'),
  deploy: () => l10n.t('Deploy the image built last, without building'),
  rollback: () => l10n.t('Go back to the revision before'),
  uninstall: () => l10n.t('Remove the app from the runtime'),
  logs: () => l10n.t('Follow the log across restarts'),
  doctor: () => l10n.t('Check Docker, tools and runtime'),
  'K3D Runtime - Up': () => l10n.t('The former name of "up"'),
  'K3D Runtime - Down': () =>
    l10n.t('The former name of "stop": everything is kept, where the former task deleted it; "delete" still does'),
  'K3D Runtime - Build VehicleApp': () => l10n.t('The former name of "build"'),
  'K3D Runtime - Deploy VehicleApp': () =>
    l10n.t('The former name of "run"; it ends as soon as the app has written its first lines'),
  'K3D Runtime - Deploy VehicleApp (without rebuild)': () => l10n.t('The former name of "deploy"'),
};
