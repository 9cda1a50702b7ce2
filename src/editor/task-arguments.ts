/** What a task of type `velocitas` can do, in the order in which tasks are offered. */
export const TASK_NAMES = [
  'run',
  'build',
  'up',
  'stop',
  'delete',
  'deploy',
  'rollback',
  'uninstall',
  'logs',
  'doctor',
  'K3D Runtime - Up',
  'K3D Runtime - Down',
  'K3D Runtime - Build VehicleApp',
  'K3D Runtime - Deploy VehicleApp',
  'K3D Runtime - Deploy VehicleApp (without rebuild)',
] as const;

export type TaskName = (typeof TASK_NAMES)[number];

/** What a task in `tasks.json` says besides its type. */
export interface VelocitasTask {
  readonly task: TaskName;
  /** Id of an app; without it: all apps. */
  readonly app?: string;
}

interface TaskKind {
  readonly args: readonly string[];
  /** It is about apps, not about the runtime. */
  readonly takesApp: boolean;
}

const ofApps = (...args: string[]): TaskKind => ({ args, takesApp: true });
const ofRuntime = (...args: string[]): TaskKind => ({ args, takesApp: false });

const KINDS: Readonly<Record<TaskName, TaskKind>> = {
  run: ofApps('run'),
  build: ofApps('build'),
  up: ofRuntime('up'),
  stop: ofRuntime('stop'),
  delete: ofRuntime('delete'),
  deploy: ofApps('deploy'),
  rollback: ofApps('rollback'),
  uninstall: ofApps('uninstall'),
  logs: ofApps('logs'),
  doctor: ofRuntime('doctor'),
  'K3D Runtime - Up': ofRuntime('up'),
  'K3D Runtime - Down': ofRuntime('stop'),
  'K3D Runtime - Build VehicleApp': ofApps('build'),
  'K3D Runtime - Deploy VehicleApp': ofApps('run', '--no-follow'),
  'K3D Runtime - Deploy VehicleApp (without rebuild)': ofApps('deploy'),
};

/** Reads what a task in `tasks.json` says. @returns undefined when it names nothing that can be done. */
export function readTask(definition: Readonly<Record<string, unknown>>): VelocitasTask | undefined {
  const task = TASK_NAMES.find((name) => name === definition['task']);
  const { app } = definition;
  if (task === undefined || (app !== undefined && typeof app !== 'string')) return undefined;
  return { task, ...(app === undefined ? {} : { app }) };
}

/** The arguments of `vapp` that carry out a task. An app that begins with a dash stays an app. */
export function taskArguments({ task, app }: VelocitasTask): string[] {
  const { args, takesApp } = KINDS[task];
  return [...args, ...(takesApp && app !== undefined ? ['--', app] : [])];
}

/** The tasks of a repository: each for all apps, and, where there are several, the usual ones for each app. */
export function offeredTasks(apps: readonly string[]): VelocitasTask[] {
  const single = apps.length > 1 ? apps : [];
  return [...TASK_NAMES.map((task) => ({ task })), ...USUAL.flatMap((task) => single.map((app) => ({ task, app })))];
}

const USUAL = ['run', 'build', 'deploy', 'logs'] as const;
