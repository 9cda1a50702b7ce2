import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, realpath, rename, rm, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { sleep } from '../../src/base';
import { LineSplitter, type CommandResult, type Toolbox } from '../../src/tools';
import { ensureDevcontainerBase } from '../e2e/support/feature/stack';
import { lazyContext } from '../e2e/support/lazy-context';
import type { JsonEvent, JsonOutcome } from '../e2e/support/workspace';
import { layoutFor } from '../stack/layout';

const IMAGE = 'vapp-test-fault-machine:latest';
const ROOT = join(__dirname, '..', '..');
const NODE = '/opt/node';
/** Where the machine's engine keeps everything; in memory, and small enough to be filled. */
const ENGINE_DATA = '/var/lib/docker';
const ENGINE_BYTES = 4e9;
const FILLER = `${ENGINE_DATA}/filler`;
/** What the engine has from the start, since the machine has no network. */
const IMAGES = ['rancher/k3s:v1.34.3-k3s1', 'ghcr.io/k3d-io/k3d-tools:5.8.3', 'registry:2', 'busybox:latest'];
const FAKE_TIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';

/** Starts the engine again whenever it has ended, as the system does on a real machine. */
const SUPERVISOR = `while :; do rm -f /var/run/docker.pid; dockerd >> /var/log/dockerd.log 2>&1; sleep 0.5; done`;

/** How a `vapp` in the machine ended. */
export interface VappEnd {
  /** Undefined when it was killed before it could say. */
  readonly outcome: JsonOutcome | undefined;
  readonly exitCode: number | null;
  readonly stderr: string;
  readonly lines: readonly string[];
  /** What it told last of its work, apart from the lines of the log; each cut to a length that can be read. */
  readonly lastEvents: readonly string[];
}

/** A `vapp` that runs in the machine. */
export interface RunningVapp {
  readonly done: Promise<VappEnd>;
  /** @param signal e.g. `KILL`; nothing happens when it has ended. */
  kill(signal: string): Promise<void>;
}

/**
 * A machine of its own to break: a container with an engine, and with it a cluster, which no other test uses, without
 * network. `vapp` is the one of this checkout, its tools are the stack's.
 */
export class FaultMachine {
  private readonly followers = new Set<ChildProcess>();
  private started = 0;
  private offset = 0;

  private constructor(
    readonly tools: Toolbox,
    private readonly docker: string,
    private readonly name: string,
    /** A folder that this machine and that one have in common; it holds repository and home. */
    private readonly base: string,
  ) {}

  static async start(tools: Toolbox, name: string): Promise<FaultMachine> {
    await buildImage(tools);
    const base = await realpath(await mkdtemp(join(tmpdir(), 'vapp-faults-')));
    const machine = new FaultMachine(tools, await tools.path('docker'), name, base);
    try {
      await mkdir(machine.workspace);
      await mkdir(machine.home);
      await machine.clock(0);
      await machine.create();
      return machine;
    } catch (error) {
      await machine.dispose();
      throw error;
    }
  }

  get workspace(): string {
    return join(this.base, 'ws');
  }

  get dataDirectory(): string {
    return join(this.home, '.local', 'share', 'vscode-velocitas');
  }

  private get home(): string {
    return join(this.base, 'home');
  }

  private async create(): Promise<void> {
    const { cache, bin } = layoutFor();
    await this.tools.run('docker', [
      ...['run', '--detach', '--init', '--privileged', '--cgroupns', 'private', '--network', 'none'],
      ...['--name', this.name, '--tmpfs', `${ENGINE_DATA}:exec,size=${ENGINE_BYTES}`],
      ...[
        '--volume',
        `${this.base}:${this.base}`,
        '--volume',
        `${cache}:${cache}:ro`,
        '--volume',
        `${ROOT}:${ROOT}:ro`,
      ],
      ...['--volume', `${await realpath(process.execPath)}:${NODE}:ro`],
      ...['--env', `PATH=${bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`],
      ...['--env', `DOCKER_CONFIG=${layoutFor().dockerConfig}`, '--env', 'BUILDX_CONFIG=/root/.buildx'],
      ...['--env', `HOME=${this.home}`, '--workdir', this.workspace, IMAGE, 'sh', '-c', SUPERVISOR],
    ]);
    await this.engineIsUp();
    const archive = join(this.base, 'images.tar');
    await this.tools.run('docker', ['save', '--output', archive, ...IMAGES]);
    await this.run('docker', 'load', '--input', archive);
    await rm(archive);
  }

  /** Runs a program in the machine as root, to its end. */
  run(...command: string[]): Promise<CommandResult> {
    return this.tools.run('docker', ['exec', this.name, ...command]);
  }

  /** The same for a program that may fail. */
  try(...command: string[]): Promise<CommandResult> {
    const anyCode = Array.from({ length: 255 }, (_, code) => code + 1);
    return this.tools.run('docker', ['exec', this.name, ...command], { acceptExitCodes: anyCode });
  }

  /** Writes a file of the repository. */
  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [file, content] of Object.entries(files)) {
      const path = join(this.workspace, file);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    }
  }

  /** Starts `vapp --output json` with arguments, in the repository. */
  vapp(args: readonly string[], onEvent: (event: JsonEvent) => void = () => undefined): RunningVapp {
    this.started += 1;
    const pidFile = join(this.base, `${this.started}.pid`);
    const child = spawn(
      this.docker,
      [
        ...['exec', '--env', `LD_PRELOAD=${FAKE_TIME}`, '--env', `FAKETIME_TIMESTAMP_FILE=${this.clockFile}`],
        ...['--env', 'FAKETIME_NO_CACHE=1', '--env', 'FAKETIME_DONT_FAKE_MONOTONIC=1', this.name],
        ...['sh', '-c', 'echo $$ > "$0"; exec "$@"', pidFile, NODE, join(ROOT, 'dist', 'cli.js')],
        ...['--output', 'json', ...args],
      ],
      { env: this.tools.env, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.followers.add(child);
    const done = readToEnd(child, onEvent).finally(() => this.followers.delete(child));
    return { done, kill: (signal) => this.kill(signal, pidFile) };
  }

  /** The same, to its end. */
  async vappEnd(...args: string[]): Promise<VappEnd> {
    return this.vapp(args).done;
  }

  private async kill(signal: string, pidFile: string): Promise<void> {
    const pid = (await readFile(pidFile, 'utf8').catch(() => '')).trim();
    if (pid !== '') await this.try('kill', `-${signal}`, pid);
  }

  /**
   * Kills the first process that appears with a command line like this, some milliseconds after it has appeared.
   *
   * @returns whether there was one within the time, and it had not ended by itself.
   */
  async killWhenSeen(commandLine: string, afterMs: number, withinMs: number): Promise<boolean> {
    const rounds = Math.ceil(withinMs / 20);
    const program = `i=0; while [ $i -lt ${rounds} ]; do i=$((i+1))
for pid in $(pgrep -f "$1"); do [ "$pid" = $$ ] || { sleep "$2"; kill -KILL "$pid"; exit; }; done
sleep 0.02; done; exit 1`;
    const { exitCode } = await this.try('sh', '-c', program, 'sh', commandLine, String(afterMs / 1000));
    return exitCode === 0;
  }

  /** Until the engine answers. */
  async engineIsUp(): Promise<void> {
    for (let attempt = 0; attempt < 240; attempt += 1) {
      if ((await this.try('docker', 'version')).exitCode === 0) return;
      await sleep(250);
    }
    const { stdout } = await this.run('tail', '-n', '30', '/var/log/dockerd.log');
    throw new Error(`the engine of the machine did not come up: ${stdout}`);
  }

  /** Nothing in the machine runs for a while, its engine and cluster included. @param ms milliseconds. */
  async suspend(ms: number): Promise<void> {
    await this.tools.run('docker', ['pause', this.name]);
    await sleep(ms);
    await this.tools.run('docker', ['unpause', this.name]);
  }

  /** Moves the wall clock that every `vapp` in the machine sees. @param seconds added to where it was. */
  async clock(seconds: number): Promise<void> {
    this.offset += seconds;
    const sign = this.offset < 0 ? '-' : '+';
    // In one step: a program that looks at its clock while the file is empty is ended, or hangs.
    const next = `${this.clockFile}.next`;
    await writeFile(next, `${sign}${Math.abs(this.offset)}s\n`);
    await rename(next, this.clockFile);
  }

  /** How far the clock is off, seconds. */
  get clockOffset(): number {
    return this.offset;
  }

  private get clockFile(): string {
    return join(this.base, 'clock');
  }

  /** Leaves the engine no room. */
  async fillDisk(): Promise<void> {
    const { stdout } = await this.run('df', '--output=avail', '--block-size=1', ENGINE_DATA);
    // In one go, and then what is left of it byte by byte.
    const fill = 'fallocate --length "$1" "$2"; cat /dev/zero >> "$2"';
    await this.try('sh', '-c', fill, 'sh', stdout.split('\n')[1]?.trim() ?? '', FILLER);
  }

  async emptyDisk(): Promise<void> {
    await this.run('rm', '-f', FILLER);
  }

  /** What engine and nodes say of themselves, for whoever looks into a failed test. */
  async evidence(): Promise<string> {
    const nodes = "docker ps --all --filter label=k3d.role --format '{{.Names}}'";
    const parts = 'tail -n 5 /var/log/k3s/*.log';
    const look = `docker ps --all; for node in $(${nodes}); do docker logs --tail 25 $node; docker exec $node sh -c '${parts}'; done
df -h ${ENGINE_DATA}; tail -n 15 /var/log/dockerd.log`;
    const { stdout, stderr } = await this.try('sh', '-c', look);
    return `${stdout}${stderr}`.replace(/^(.{300}).*$/gm, '$1');
  }

  async dispose(): Promise<void> {
    await this.tools.run('docker', ['rm', '--force', '--volumes', this.name], { acceptExitCodes: [1] });
    for (const follower of this.followers) await once(follower, 'close');
    await this.tools.run('docker', ['rmi', IMAGE], { acceptExitCodes: [1] });
    await rm(this.base, { recursive: true, force: true });
  }
}

async function buildImage(tools: Toolbox): Promise<void> {
  const base = await ensureDevcontainerBase(await lazyContext());
  const packages = 'docker.io faketime iptables iproute2 procps';
  const dockerfile = `FROM ${base}
RUN apt-get update && apt-get install -y --no-install-recommends ${packages} && rm -rf /var/lib/apt/lists/*
`;
  await tools.run('docker', ['build', '--tag', IMAGE, '-'], { stdin: dockerfile });
}

async function readToEnd(child: ChildProcess, onEvent: (event: JsonEvent) => void): Promise<VappEnd> {
  let outcome: JsonOutcome | undefined;
  let stderr = '';
  const lines: string[] = [];
  const lastEvents: string[] = [];
  const splitter = new LineSplitter((text) => {
    if (!text.startsWith('{')) return;
    const event = JSON.parse(text) as JsonEvent;
    if (event.type === 'outcome') outcome = event;
    if (event.type === 'log' && event.event.type === 'line') lines.push(event.event.line.text);
    else lastEvents.push(text.slice(0, EVENT_LENGTH));
    if (lastEvents.length > LAST_EVENTS) lastEvents.shift();
    onEvent(event);
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdout?.on('data', (chunk: Buffer) => splitter.write(chunk));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { outcome, exitCode, stderr, lines, lastEvents };
}

const LAST_EVENTS = 10;
const EVENT_LENGTH = 300;
