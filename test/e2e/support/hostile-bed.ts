import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runCommand } from '../../../src/tools';
import { CANARY, HOSTILE_NAME, executable, hostileFiles, hostileSettings, kubeconfigThatRuns, link } from './hostile';
import { ToolRecorder } from './tool-recorder';
import { TestWorkspace, type VappResult } from './workspace';

export const root = join(__dirname, '..', '..', '..');

/** Planted where they belong, to be looked for everywhere else. */
export const SECRETS = {
  proxy: 'planted-Proxy&1',
  registry: 'planted-Registry!2',
  token: 'planted-Token$3',
  chart: 'planted-Chart!4',
  machine: 'planted-Machine5',
} as const;

/** Nobody answers there. */
const PROXY = `http://ada:${encodeURIComponent(SECRETS.proxy)}@proxy.invalid:3128`;

/** A {@link hostileFiles hostile repository} on a machine that has secrets, other clusters and files of its own. */
export class HostileBed {
  /** All that vapp has said. */
  readonly told: string[] = [];

  private constructor(
    readonly workspace: TestWorkspace,
    /** Holds everything. */
    readonly base: string,
    readonly recorder: ToolRecorder,
    private readonly env: Record<string, string>,
  ) {}

  static async make(): Promise<HostileBed> {
    const workspace = await TestWorkspace.create(HOSTILE_NAME);
    const base = join(workspace.path, '..');
    await mkdir(join(base, 'outside'));
    await writeFile(join(base, 'outside', 'secret.txt'), 'loot: of-the-machine\n');
    const recorder = await ToolRecorder.before(workspace.environment(), join(base, 'recorder'));
    const tools = recorder.env(workspace.environment());
    const env = { ...tools, ...(await circumstances(workspace, base, tools['DOCKER_CONFIG'] ?? '')) };
    return new HostileBed(workspace, base, recorder, env);
  }

  /** A file that is no part of the repository. */
  get outside(): string {
    return join(this.base, 'outside', 'secret.txt');
  }

  get options() {
    return { outside: this.outside, token: SECRETS.token, password: SECRETS.chart };
  }

  /** What `vapp.yaml` says of the chart. */
  get chart(): object {
    return hostileSettings(this.options).apps[0]['chart'] as object;
  }

  /** Writes the repository anew. */
  async reset(): Promise<void> {
    await this.workspace.remove(...(await readdir(this.workspace.path)));
    await this.workspace.write(hostileFiles(this.options));
    await link(this.workspace.path, { 'app/link': this.outside, 'app/folder': join(this.base, 'outside') });
  }

  /** Changes what `vapp.yaml` says of the app. */
  async set(change: object, more: object = {}): Promise<void> {
    const [app] = hostileSettings(this.options).apps;
    await this.workspace.write({ 'vapp.yaml': JSON.stringify({ apps: [{ ...app, ...change }], ...more }) });
  }

  async vapp(args: readonly string[], more: Record<string, string> = {}): Promise<VappResult> {
    const result = await this.workspace.vapp(args, { env: { ...this.env, ...more } });
    this.told.push(JSON.stringify(result.events), result.stderr);
    return result;
  }

  /** Runs it as a person would see it; answers all that is written. */
  async text(args: readonly string[], more: Record<string, string> = {}): Promise<string> {
    const { stdout, stderr } = await runCommand(
      {
        program: process.execPath,
        args: [join(root, 'dist', 'cli.js'), ...args],
        cwd: this.workspace.path,
        env: { ...this.workspace.environment(), ...this.env, ...more },
      },
      { acceptExitCodes: [1, 2, 3] },
    );
    this.told.push(stdout, stderr);
    return stdout + stderr;
  }

  /** Runs it until a step begins, and kills it then. */
  async killed(args: readonly string[], step: string): Promise<void> {
    const child = spawn(process.execPath, [join(root, 'dist', 'cli.js'), '--output', 'json', ...args], {
      cwd: this.workspace.path,
      env: { ...this.workspace.environment(), ...this.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const take = (data: Buffer) => {
      this.told.push(data.toString());
      if (this.told.at(-1)?.includes(`"step":"${step}"`)) child.kill('SIGKILL');
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    assert.equal(signal, 'SIGKILL');
  }

  /** That no command of the repository was executed, here or where a tool may have been at work. */
  async assertUntouched(): Promise<void> {
    for (const folder of [this.workspace.path, this.workspace.home, this.base, root, '/']) {
      assert.ok(!(await readdir(folder)).includes(CANARY), `something was executed in ${folder}`);
    }
  }

  async dispose(): Promise<void> {
    await this.workspace.dispose();
  }
}

/** Secrets where they belong; and all by which a user may unknowingly lead tools to another cluster or to plug-ins. */
async function circumstances(
  workspace: TestWorkspace,
  base: string,
  dockerConfig: string,
): Promise<Record<string, string>> {
  const auth = Buffer.from(`ada:${SECRETS.registry}`).toString('base64');
  const auths = { 'localhost:1': { auth } };
  await writeFile(join(dockerConfig, 'config.json'), JSON.stringify({ auths }), { mode: 0o600 });
  const settings = join(base, 'vapp.json');
  const proxy = { https: `http://ada:${SECRETS.machine}@proxy.invalid:1` };
  await writeFile(settings, JSON.stringify({ proxy }), { mode: 0o600 });
  const kubeconfig = kubeconfigThatRuns('touch', [join(base, CANARY)]);
  await writeFile(join(workspace.home, '.kube', 'config'), kubeconfig);
  // Whoever opens it waits for ever, since nobody writes.
  const trap = join(base, 'trap');
  await promisify(execFile)('mkfifo', [trap]);
  await executable(join(base, 'plugins', 'x', 'plugin.yaml'), 'name: [broken');
  return {
    HTTP_PROXY: PROXY,
    VAPP_MACHINE_SETTINGS: settings,
    KUBECONFIG: trap,
    KUBERNETES_MASTER: 'https://127.0.0.1:1',
    HELM_KUBEAPISERVER: 'https://127.0.0.1:1',
    HELM_KUBECONTEXT: 'x',
    HELM_KUBETOKEN: 'x',
    HELM_DRIVER: 'configmap',
    HELM_NAMESPACE: 'kube-system',
    HELM_PLUGINS: join(base, 'plugins'),
  };
}
