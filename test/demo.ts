import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isCancelled, messageOf, throwIfCancelled } from '../src/base';
import { setup } from './stack/main';
import { ensureVappBuilt } from './stack/vapp';
import { runAttached } from './support/attached';
import { createSample } from './support/sample';
import { workbenchPrograms } from './workbench/programs';
import { WorkbenchServer } from './workbench/server';
import { packGuide, packVsix } from './workbench/vsix';

const root = join(__dirname, '..');
/** Kept from one demo to the next, with what a newcomer has changed in it. */
const DEMO_FOLDER = join(root, 'out', 'demo', 'vehicle-app');
const START_FILE = 'app/src/main.py';

interface Demo {
  /** Where the sample app lies, absolute. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/**
 * `npm run demo`: the sample app runs, and a workbench with the extension stands open on it until Ctrl-C; with
 * `--headless`, without the workbench. `--folder` says where the sample app is made. The app is left running.
 * Answers the exit code.
 */
export async function demo(args: readonly string[], signal: AbortSignal): Promise<number> {
  const options = readOptions(args);
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n`);
    return 2;
  }
  const { folder, headless } = options;
  try {
    const env = await setup(signal, { workbench: !headless });
    if (!existsSync(folder)) await createSample(folder);
    return await (headless ? runApp : showWorkbench)({ folder, env, signal });
  } catch (error) {
    if (isCancelled(error, signal)) return 130;
    throw error;
  }
}

/** What the command line asks for, or what is wrong with it. */
function readOptions(args: readonly string[]): { folder: string; headless: boolean } | string {
  try {
    const options = { headless: { type: 'boolean' }, folder: { type: 'string' } } as const;
    const { values } = parseArgs({ args: [...args], options });
    // npm runs us at the root of the project, wherever the user is.
    const here = process.env['INIT_CWD'] ?? process.cwd();
    const folder = values.folder === undefined ? DEMO_FOLDER : resolve(here, values.folder);
    return { folder, headless: values.headless ?? false };
  } catch (error) {
    return messageOf(error);
  }
}

async function runApp(demo: Demo): Promise<number> {
  await ensureVappBuilt(demo.signal);
  const exitCode = await runMainJob(demo);
  if (exitCode === 0) tell(`The app is running. What to do next, in ${shown(demo.folder)}:\n${nextSteps(demo.folder)}`);
  return exitCode;
}

async function showWorkbench(demo: Demo): Promise<number> {
  const { folder, signal } = demo;
  await followLogOnOpen(folder);
  const server = await startWorkbench(demo);
  try {
    const exitCode = await runMainJob(demo);
    throwIfCancelled(signal);
    if (exitCode !== 0) return exitCode;
    tell(`The app is running. See it in VS Code, in a browser:\n\n  ${server.url(folder)}\n\n${TOUR}`);
    await Promise.race([server.ended, untilAborted(signal)]);
    if (!signal.aborted) {
      process.stderr.write('\nThe workbench has ended by itself.\n');
      return 1;
    }
    tell(`The workbench is closed, the app goes on running. In ${shown(folder)}:\n${nextSteps(folder)}`);
    return 0;
  } finally {
    await server.stop();
  }
}

function runMainJob({ folder, env, signal }: Demo): Promise<number> {
  const args = [join(root, 'dist', 'cli.js'), 'run', '--no-follow'];
  return runAttached(process.execPath, args, { cwd: folder, env, signal });
}

async function startWorkbench({ env, signal }: Demo): Promise<WorkbenchServer> {
  const packed = await mkdtemp(join(tmpdir(), 'vapp-demo-'));
  try {
    return await WorkbenchServer.start({
      programs: await workbenchPrograms(signal),
      env,
      extensions: [await packVsix(packed, signal), await packGuide(packed, signal)],
      settings: {
        'workbench.startupEditor': 'readme',
        'task.allowAutomaticTasks': 'on',
        // It lies inside this repository, which is of no interest there.
        'git.openRepositoryInParentFolders': 'never',
      },
      signal,
    });
  } finally {
    await rm(packed, { recursive: true, force: true });
  }
}

/** A task that starts with the folder: whoever opens it finds the app's log in the terminal. */
async function followLogOnOpen(folder: string): Promise<void> {
  const file = join(folder, '.vscode', 'tasks.json');
  if (existsSync(file)) return;
  await mkdir(join(folder, '.vscode'), { recursive: true });
  const task = {
    label: 'Follow the log',
    type: 'velocitas',
    task: 'logs',
    problemMatcher: [],
    runOptions: { runOn: 'folderOpen' },
  };
  await writeFile(file, `${JSON.stringify({ version: '2.0.0', tasks: [task] }, null, 2)}\n`);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function tell(text: string): void {
  process.stdout.write(`\n${text}\n`);
}

/** A folder as it is typed at the root of the project. */
function shown(folder: string): string {
  const below = relative(root, folder);
  return below.startsWith('..') ? folder : below;
}

const TOUR = `The sidebar "Velocitas" shows what runs; the terminal follows the app's log. Change a line of ${START_FILE},
press F1 and choose "Velocitas: Run App". Ctrl-C here closes the workbench.`;

function nextSteps(path: string): string {
  const folder = shown(path);
  return `  change a line of ${START_FILE}, then   npm run vapp -- -C ${folder} run
  follow its log                           npm run vapp -- -C ${folder} logs
  see what is there                        npm run vapp -- -C ${folder} status
  remove everything                        npm run vapp -- -C ${folder} delete`;
}
