import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createWriteStream, rmSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure, throwIfCancelled } from '../../src/base';
import { LineSplitter, runCommand } from '../../src/tools';
import type { WorkbenchPrograms } from '../stack/parts/workbench';

export interface ServerOptions {
  readonly programs: WorkbenchPrograms;
  /** What the extension host and its terminals get. */
  readonly env: NodeJS.ProcessEnv;
  /** Packed extensions to install first. */
  readonly extensions?: readonly string[];
  /** User settings. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Whether the workbench asks if it may trust a folder. Default: it trusts every one. */
  readonly trust?: boolean;
  /** Whether its address may name tests for the extension host to run. */
  readonly forTests?: boolean;
  /** 0: any free port. */
  readonly port?: number;
  /** Where user data is kept; default: a folder that goes with the server. */
  readonly dataFolder?: string;
  /** Ends the start, not the server. */
  readonly signal?: AbortSignal;
}

/** What is said of a page to the workbench in its address: VS Code's own keys. */
export type Payload = readonly (readonly [string, string])[];

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 10_000;

interface ServerProcess {
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
  readonly folder: string;
  /** Whether the folder goes with the server. */
  readonly temporary: boolean;
}

interface RunningServer extends ServerProcess {
  readonly port: number;
  readonly token: string;
}

/** A VS Code server of our own, on loopback. Whoever starts one stops it. */
export class WorkbenchServer {
  constructor(private readonly running: RunningServer) {}

  /** @throws Failure `workbench-not-started`; Cancelled. */
  static async start(options: ServerOptions): Promise<WorkbenchServer> {
    const temporary = options.dataFolder === undefined;
    const folder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), 'vapp-workbench-')));
    try {
      await prepareFolder(folder, options.settings ?? {});
      for (const vsix of options.extensions ?? []) await install(options, folder, vsix);
      return await launch(options, folder, temporary);
    } catch (error) {
      if (temporary) await rm(folder, { recursive: true, force: true, maxRetries: 10 });
      throwIfCancelled(options.signal);
      throw error;
    }
  }

  get port(): number {
    return this.running.port;
  }

  /** The address of the workbench on a folder or a `.code-workspace` file. */
  url(path: string | undefined, payload: Payload = []): string {
    const url = new URL(`http://127.0.0.1:${this.port}/`);
    url.searchParams.set('tkn', this.running.token);
    if (path !== undefined) url.searchParams.set(path.endsWith('.code-workspace') ? 'workspace' : 'folder', path);
    if (payload.length > 0) url.searchParams.set('payload', JSON.stringify(payload));
    return url.href;
  }

  /** A path of this machine as the workbench names it. */
  remote(path: string): string {
    return `vscode-remote://127.0.0.1:${this.port}${path}`;
  }

  log(): Promise<string> {
    return readFile(logFileIn(this.running.folder), 'utf8');
  }

  /** Settles when the server has ended by itself. */
  get ended(): Promise<void> {
    return this.running.exited;
  }

  async stop(): Promise<void> {
    const { child, exited, folder, temporary } = this.running;
    signalGroup(child, 'SIGTERM');
    const late = setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_LIMIT_MS);
    await exited;
    clearTimeout(late);
    // What it had started dies with its group, also when the server itself has gone before.
    signalGroup(child, 'SIGKILL');
    if (temporary) await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

const live = new Set<ServerProcess>();
// The last owner of servers: however orderly this process ends, they end with it.
process.once('exit', () => {
  for (const { child, folder, temporary } of live) {
    signalGroup(child, 'SIGKILL');
    if (temporary) rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
});

async function launch(options: ServerOptions, folder: string, temporary: boolean): Promise<WorkbenchServer> {
  const { programs, trust = false, port = 0, signal } = options;
  const log = createWriteStream(logFileIn(folder));
  // Other users of the machine, and any page in the user's browser, reach the port as well.
  const token = randomUUID();
  const tokenFile = join(folder, 'run', 'token');
  await writeFile(tokenFile, token, { mode: 0o600 });
  const child = spawn(
    programs.node,
    [
      programs.server,
      ...['--host', '127.0.0.1', '--port', String(port), '--connection-token-file', tokenFile],
      ...['--accept-server-license-terms', '--disable-telemetry'],
      // Else a login shell's PATH takes the place of ours.
      '--force-disable-user-env',
      // Without it no tests are run; with it no notification is shown.
      ...(options.forTests ? ['--enable-smoke-test-driver'] : []),
      '--disable-getting-started-override',
      ...(trust ? [] : ['--disable-workspace-trust']),
      ...foldersOf(folder),
    ],
    { env: serverEnv(options, folder), stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const server: ServerProcess = { child, exited, folder, temporary };
  live.add(server);
  void exited.then(() => live.delete(server));
  child.stderr.pipe(log);
  const cancel = () => signalGroup(child, 'SIGKILL');
  signal?.addEventListener('abort', cancel, { once: true });
  const listening = new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => reject(notStarted('it said nothing in time')), START_LIMIT_MS);
    const lines = new LineSplitter((line) => {
      log.write(`${line}\n`);
      const found = /Extension host agent listening on (\d+)/.exec(line)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(Number(found));
    });
    child.stdout.on('data', (chunk: Buffer) => lines.write(chunk));
    child.once('error', (error) => reject(error));
    void exited.then(() => {
      clearTimeout(timer);
      log.end();
      reject(notStarted('it ended'));
    });
  });
  try {
    return new WorkbenchServer({ ...server, token, port: await listening });
  } catch (error) {
    signalGroup(child, 'SIGKILL');
    await exited;
    throw error;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

function notStarted(reason: string): Failure {
  return new Failure({
    code: 'workbench-not-started',
    fault: 'environment',
    summary: `The VS Code server did not start: ${reason}.`,
  });
}

/** What would be in the way of a newcomer and of a test alike. */
const SETTINGS = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  // It would take each port that a test opens for one to show.
  'remote.autoForwardPorts': false,
};

async function prepareFolder(folder: string, settings: Readonly<Record<string, unknown>>): Promise<void> {
  const user = join(folder, 'user', 'User');
  await mkdir(user, { recursive: true });
  await mkdir(join(folder, 'run'), { recursive: true, mode: 0o700 });
  await writeFile(join(user, 'settings.json'), JSON.stringify({ ...SETTINGS, ...settings }, null, 2));
}

async function install(options: ServerOptions, folder: string, vsix: string): Promise<void> {
  const { programs, signal } = options;
  const args = ['--accept-server-license-terms', ...foldersOf(folder), '--install-extension', vsix];
  const env = serverEnv(options, folder);
  await runCommand({ program: programs.node, args: [programs.server, ...args], env }, { signal });
}

function foldersOf(folder: string): string[] {
  return [
    ...['--server-data-dir', join(folder, 'server')],
    ...['--user-data-dir', join(folder, 'user')],
    ...['--extensions-dir', join(folder, 'extensions')],
  ];
}

function serverEnv({ env }: ServerOptions, folder: string): NodeJS.ProcessEnv {
  // Variables of an editor around us would mislead it. Without a gallery it asks nobody for extensions.
  const foreign = /^(VSCODE|ELECTRON|CODE_SERVER)_/;
  const own = Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name)));
  // Its sockets lie in the runtime folder, and it leaves them there.
  return { ...own, EXTENSIONS_GALLERY: '{"serviceUrl":""}', XDG_RUNTIME_DIR: join(folder, 'run') };
}

function logFileIn(folder: string): string {
  return join(folder, 'server.log');
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
