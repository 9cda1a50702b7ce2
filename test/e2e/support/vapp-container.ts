import { realpath } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Toolbox, dockerClient, type CommandResult, type Docker } from '../../../src/tools';
import { stackEnvironment } from '../../stack/environment';

const root = join(__dirname, '..', '..', '..');

/** Where things are in the container. */
const INSIDE = { vapp: '/opt/vapp', tools: '/opt/tools', plugins: '/usr/local/lib/docker/cli-plugins' };
/** A Debian with nothing in it that `vapp` could need. */
const IMAGE = 'python:3.11-slim';

/** A container with the engine's socket, `vapp`, and its tools in it, as a devcontainer outside of Docker has them. */
export class VappContainer {
  private constructor(
    readonly docker: Docker,
    private readonly toolbox: Toolbox,
    readonly id: string,
    private readonly workspace: string,
  ) {}

  /**
   * @param source folder of this machine with the repository; in the container it is `/workspaces/<name>`.
   * @param env of everything that runs in it.
   */
  static async start(source: string, name: string, env: Readonly<Record<string, string>> = {}): Promise<VappContainer> {
    const toolbox = new Toolbox(await stackEnvironment());
    const docker = await dockerClient(toolbox);
    const workspace = `/workspaces/${name}`;
    const { socketPath } = docker.modem as { socketPath?: string };
    const readOnly = await Promise.all([
      ...['dist', 'templates', 'package.json'].map((path) => mount(join(root, path), `${INSIDE.vapp}/${path}`)),
      ...(['docker', 'k3d', 'helm', 'kubectl'] as const).map(async (tool) =>
        mount(await toolbox.path(tool), `${INSIDE.tools}/${tool}`),
      ),
      mount(process.execPath, `${INSIDE.tools}/node`),
      mount(await buildx(toolbox), `${INSIDE.plugins}/docker-buildx`),
    ]);
    const { id } = await docker.createContainer({
      Image: IMAGE,
      Cmd: ['sleep', 'infinity'],
      WorkingDir: workspace,
      Env: Object.entries({ HOME: '/root', PATH: `${INSIDE.tools}:/usr/local/bin:/usr/bin:/bin`, ...env }).map(
        ([key, value]) => `${key}=${value}`,
      ),
      HostConfig: {
        Init: true,
        Mounts: [
          ...readOnly,
          { Type: 'bind', Source: socketPath ?? '/var/run/docker.sock', Target: '/var/run/docker.sock' },
          { Type: 'bind', Source: source, Target: workspace },
        ],
      },
    });
    const container = new VappContainer(docker, toolbox, id, workspace);
    await docker.getContainer(id).start();
    return container;
  }

  /** Runs a command in the repository, in the container. */
  exec(command: readonly string[], acceptExitCodes: readonly number[] = []): Promise<CommandResult> {
    return this.toolbox.run('docker', ['exec', '--workdir', this.workspace, this.id, ...command], { acceptExitCodes });
  }

  vapp(args: readonly string[], acceptExitCodes: readonly number[] = []): Promise<CommandResult> {
    return this.exec(['node', `${INSIDE.vapp}/dist/cli.js`, ...args], acceptExitCodes);
  }

  async stop(): Promise<void> {
    await this.docker.getContainer(this.id).stop({ t: 0 });
  }

  async start(): Promise<void> {
    await this.docker.getContainer(this.id).start();
  }

  async dispose(): Promise<void> {
    await this.docker.getContainer(this.id).remove({ force: true, v: true });
  }
}

async function mount(source: string, target: string) {
  return { Type: 'bind' as const, Source: await realpath(source), Target: target, ReadOnly: true };
}

async function buildx({ env }: Toolbox): Promise<string> {
  const { stdout } = await new Toolbox(env).run('docker', [
    'info',
    '--format',
    '{{range .ClientInfo.Plugins}}{{if eq .Name "buildx"}}{{.Path}}{{end}}{{end}}',
  ]);
  return stdout.trim().split(delimiter)[0] ?? '';
}
