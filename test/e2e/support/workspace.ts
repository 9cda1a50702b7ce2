import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { RunEvent } from '../../../src/run';
import { LineSplitter } from '../../../src/tools';
import { stackEnvironment } from '../../stack/environment';
import { createSample } from '../../support/sample';

const root = join(__dirname, '..', '..', '..');
const cli = join(root, 'dist', 'cli.js');

/** An event of `vapp --output json`, as it is read back. */
export type JsonEvent = (RunEvent | JsonOutcome) & { readonly time: string };

export interface JsonOutcome {
  readonly type: 'outcome';
  readonly status: 'done' | 'failed' | 'cancelled';
  readonly value?: unknown;
  readonly failure?: JsonFailure;
}

export interface JsonFailure {
  readonly code: string;
  readonly fault: string;
  readonly summary: string;
  readonly evidence: string[];
  readonly nextSteps: string[];
  readonly range?: JsonPlace;
  readonly related: { range: JsonPlace; message: string }[];
}

export interface JsonPlace {
  readonly file: string;
  readonly start: { readonly line: number; readonly column: number };
}

export interface VappResult {
  readonly exitCode: number;
  readonly events: readonly JsonEvent[];
  readonly outcome: JsonOutcome;
  readonly stderr: string;
  /** The text of every log line, in order of arrival. */
  readonly lines: readonly string[];
}

export interface VappOptions {
  readonly env?: Record<string, string | undefined>;
  readonly cwd?: string;
  readonly onEvent?: (event: JsonEvent) => void;
  /** `vapp` gets SIGINT as soon as this says so; once, since a second one ends it on the spot. */
  readonly interruptWhen?: (event: JsonEvent) => boolean;
  /** Gets the process of `vapp`, for a signal at another time. */
  readonly onStart?: (child: ChildProcess) => void;
}

/** A repository in a temporary folder with a home of its own, driven by the bundled `vapp` as a person drives it. */
export class TestWorkspace {
  private constructor(
    /** Holds the repository and the home; gone after {@link dispose}. */
    private readonly base: string,
    readonly path: string,
    readonly home: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** @param name folder of the repository; names with spaces and umlauts are the rule in tests. */
  static async create(name: string): Promise<TestWorkspace> {
    const base = await realpath(await mkdtemp(join(tmpdir(), 'vapp-e2e-')));
    const path = join(base, name);
    const home = join(base, 'home');
    await mkdir(join(home, '.kube'), { recursive: true });
    await writeFile(join(home, '.kube', 'config'), USER_KUBECONFIG);
    await mkdir(path, { recursive: true });
    const env = await stackEnvironment();
    return new TestWorkspace(base, path, home, {
      ...env,
      HOME: home,
      XDG_DATA_HOME: join(home, 'data'),
      KUBECONFIG: undefined,
    });
  }

  /** With the sample app in it. */
  static async sample(name: string, template?: string): Promise<TestWorkspace> {
    const workspace = await TestWorkspace.create(name);
    await createSample(workspace.path, template);
    return workspace;
  }

  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [file, content] of Object.entries(files)) {
      await mkdir(dirname(join(this.path, file)), { recursive: true });
      await writeFile(join(this.path, file), content);
    }
  }

  async remove(...files: string[]): Promise<void> {
    for (const file of files) await rm(join(this.path, file), { recursive: true, force: true });
  }

  async edit(file: string, from: string | RegExp, to: string): Promise<void> {
    const path = join(this.path, file);
    const before = await readFile(path, 'utf8');
    const after = before.replace(from, to);
    if (after === before) throw new Error(`${file} does not contain ${String(from)}`);
    await writeFile(path, after);
  }

  /** Whether the user's own kubeconfig is what it was. */
  async userKubeconfigIsUntouched(): Promise<boolean> {
    return (await readFile(join(this.home, '.kube', 'config'), 'utf8')) === USER_KUBECONFIG;
  }

  /** Environment in which `vapp` runs here, for running the tools beside it. */
  environment(more: Record<string, string | undefined> = {}): NodeJS.ProcessEnv {
    return { ...this.env, ...more };
  }

  /** Runs `vapp --output json` with arguments, in the repository. */
  async vapp(args: readonly string[], options: VappOptions = {}): Promise<VappResult> {
    const events: JsonEvent[] = [];
    const child = spawn(process.execPath, [cli, '--output', 'json', ...args], {
      cwd: options.cwd ?? this.path,
      env: this.environment(options.env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    options.onStart?.(child);
    let interrupted = false;
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const lines = new LineSplitter((line) => {
      if (!line.startsWith('{')) return;
      const event = JSON.parse(line) as JsonEvent;
      events.push(event);
      options.onEvent?.(event);
      if (!interrupted && options.interruptWhen?.(event)) interrupted = child.kill('SIGINT');
    });
    child.stdout.on('data', (chunk: Buffer) => lines.write(chunk));
    const [exitCode] = (await once(child, 'close')) as [number | null];
    lines.end();
    const outcome = events.find((event): event is JsonOutcome & { time: string } => event.type === 'outcome');
    if (!outcome || exitCode === null) {
      throw new Error(`vapp ${args.join(' ')} ended (${exitCode ?? 'by a signal'}) without an outcome: ${stderr}`);
    }
    return { exitCode, events, outcome, stderr, lines: events.flatMap(textOf) };
  }

  /** Deletes the runtime and the folder. */
  async dispose(): Promise<void> {
    await this.vapp(['delete']);
    await rm(this.base, { recursive: true, force: true });
  }
}

/** What `vapp --output json` has written, read back. */
export function vappResult(args: readonly string[], stdout: string, stderr: string, exitCode: number): VappResult {
  const events = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as JsonEvent);
  const outcome = events.find((event): event is JsonOutcome & { time: string } => event.type === 'outcome');
  if (!outcome) throw new Error(`vapp ${args.join(' ')} ended (${exitCode}) without an outcome: ${stderr}`);
  return { exitCode, events, outcome, stderr, lines: events.flatMap(textOf) };
}

/** The job went through. */
export function assertDone(result: VappResult): void {
  const { outcome } = result;
  assert.equal(outcome.status, 'done', JSON.stringify(outcome.failure ?? outcome, undefined, 2));
  assert.equal(result.exitCode, 0);
}

/** The job failed in this way; answers the failure, for looking closer. */
export function assertFailed(result: VappResult, code: string, exitCode: number): JsonFailure {
  const { failure } = result.outcome;
  assert.ok(failure, `expected ${code}, got ${JSON.stringify(result.outcome)}`);
  assert.equal(failure.code, code, JSON.stringify(failure, undefined, 2));
  assert.equal(result.exitCode, exitCode);
  return failure;
}

function textOf(event: JsonEvent): string[] {
  return event.type === 'log' && event.event.type === 'line' ? [event.event.line.text] : [];
}

const USER_KUBECONFIG = `apiVersion: v1
kind: Config
clusters: [{ name: theirs, cluster: { server: "https://127.0.0.1:1" } }]
contexts: [{ name: theirs, context: { cluster: theirs, user: theirs } }]
current-context: theirs
users: [{ name: theirs, user: {} }]
`;
