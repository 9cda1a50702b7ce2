import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runCommand } from '../../src/tools';
import type { WorkbenchPrograms } from '../stack/parts/workbench';
import type { Counts } from '../support/counts';
import { createSample } from '../support/sample';
import { lightApp } from '../e2e/support/light-app';
import { soakScript } from '../faults/counting-app';
import { saveSoakFigures } from './soak/figures';
import { runSuite, type SuiteRun } from './run-suite';
import { Tripwire } from './tripwire';

const root = join(__dirname, '..', '..');

/** A start of the editor, with a window of its own kind. */
export interface Run {
  readonly name: string;
  readonly title: string;
  /** Left out in an editor in which only a short form is run. */
  readonly long?: boolean;
  /** Run in one editor alone, also when it is named. */
  readonly once?: boolean;
  readonly run: (bed: Bed) => Promise<Counts>;
}

/** What the runs have in common: the sample app and its runtime, which goes with it. */
export class Bed {
  private constructor(
    private readonly folder: string,
    private readonly programs: WorkbenchPrograms,
    private readonly desktop: string | undefined,
  ) {}

  static async make(programs: WorkbenchPrograms, desktop: string | undefined): Promise<Bed> {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'vapp-integration-')));
    const bed = new Bed(folder, programs, desktop);
    await bed.sample('app');
    return bed;
  }

  /** The repository whose runtime the runs share. */
  get app(): string {
    return join(this.folder, 'app');
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** The sample app once more. */
  sample(name: string): Promise<string> {
    return createSample(this.path(name));
  }

  run(suite: string, workspace: string, more: Partial<SuiteRun> = {}): Promise<Counts> {
    return runSuite({
      suite: join(root, 'test', 'integration', suite),
      extension: root,
      workspace,
      programs: this.programs,
      ...(this.desktop === undefined || more.untrusted ? {} : { desktop: this.desktop }),
      ...more,
      env: { ...this.env, ...more.env },
    });
  }

  /** Deletes runtime and files, also when an editor was ended in the middle of its work. */
  async dispose(): Promise<void> {
    try {
      await this.deleteRuntime(this.app);
    } finally {
      await rm(this.folder, { recursive: true, force: true, maxRetries: 10 });
    }
  }

  async deleteRuntime(repository: string): Promise<void> {
    const args = [join(root, 'dist', 'cli.js'), 'delete', '-C', repository];
    await runCommand({ program: process.execPath, args, env: this.env });
  }

  private get env(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      XDG_DATA_HOME: join(this.folder, 'data'),
    };
  }
}

/** In this order: the second finds the app that the first has left running. */
export const RUNS: readonly Run[] = [
  { name: 'suite', title: 'One folder', long: true, run: (bed) => bed.run('suite', bed.app) },
  { name: 'folders', title: 'Folders that come and go', run: withFolders },
  { name: 'untrusted', title: 'A folder that is not trusted', run: withoutTrust },
  { name: 'soak', title: 'Edit and run, over and over', once: true, run: soak },
];

/** A window that begins with a folder in which there is no app. */
async function withFolders(bed: Bed): Promise<Counts> {
  const [other, nothing] = [await bed.sample('other'), bed.path('nothing')];
  await mkdir(nothing, { recursive: true });
  await mkdir(join(other, '.vscode'), { recursive: true });
  await writeFile(join(other, '.vscode', 'settings.json'), JSON.stringify({ 'velocitas.startOnOpen': true }));
  const file = bed.path('window.code-workspace');
  await writeFile(file, JSON.stringify({ folders: [{ path: nothing }] }));
  try {
    return await bed.run('folders', file, { env: { VAPP_TEST_FOLDERS: JSON.stringify([bed.app, other]) } });
  } finally {
    await bed.deleteRuntime(other);
  }
}

/** An app that writes much, and a window that is open for long. `VAPP_SOAK_MINUTES` says for how long. */
async function soak(bed: Bed): Promise<Counts> {
  const repository = bed.path('soak');
  for (const [file, content] of Object.entries(lightApp({ name: 'Counter', script: soakScript(1) }))) {
    await mkdir(join(repository, dirname(file)), { recursive: true });
    await writeFile(join(repository, file), content);
  }
  const figures = bed.path('soak.json');
  try {
    const limit = String(Number(process.env['VAPP_SOAK_MINUTES'] ?? 1) + 20);
    const env = { VAPP_SOAK_FIGURES: figures, VAPP_TEST_LIMIT_MINUTES: limit };
    const counts = await bed.run('soak', repository, { env });
    await saveSoakFigures(figures);
    return counts;
  } finally {
    await bed.deleteRuntime(repository);
  }
}

/** A broken and hostile repository with a Docker and tools that tell when they are touched. */
async function withoutTrust(bed: Bed): Promise<Counts> {
  const repository = await bed.sample('untrusted');
  const manifest = join(repository, 'app', 'AppManifest.json');
  await writeFile(manifest, (await readFile(manifest, 'utf8')).replace('"SampleApp"', '7'));
  const tripwire = await Tripwire.set(bed.path('tripwire'));
  await makeHostile(repository, tripwire);
  try {
    return await bed.run('untrusted', repository, {
      untrusted: true,
      env: tripwire.env(process.env),
    });
  } finally {
    await tripwire.dispose();
  }
}

/** It brings tools of its own and settings to use them, tasks to run when it is opened, and links to the machine. */
async function makeHostile(repository: string, tripwire: Tripwire): Promise<void> {
  const tools = join(repository, 'tools');
  await tripwire.programs(tools);
  const outside = join(repository, '..', 'secret.json');
  await writeFile(outside, '[{ "id": "of-the-machine" }]');
  await rm(join(repository, 'runtime.json'), { force: true });
  await symlink(outside, join(repository, 'runtime.json'));
  const task = { type: 'velocitas', task: 'run', runOptions: { runOn: 'folderOpen' } };
  const files = {
    '.vscode/settings.json': { 'velocitas.toolPath': [tools], 'velocitas.startOnOpen': true },
    '.vscode/tasks.json': { version: '2.0.0', tasks: [task] },
    'vapp.yaml': {
      apps: [{ manifest: 'app/AppManifest.json', buildArgs: { GIT_TRACE: join(repository, 'traced') } }],
      [HOSTILE_KEY]: '',
    },
  };
  await mkdir(join(repository, '.vscode'), { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(repository, name), JSON.stringify(content, undefined, 2));
  }
}

/** Told as unknown: a link that runs a command, an image from elsewhere, and what turns the direction of writing. */
const HOSTILE_KEY = '[Fix](command:workbench.action.terminal.new) ![x](https://evil.invalid/x.png) \u202egnp';
