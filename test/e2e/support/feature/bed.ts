import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { version } from '../../../../package.json';
import { dockerClient, runCommand, Toolbox, type Docker } from '../../../../src/tools';
import { stackEnvironment } from '../../../stack/environment';
import type { StackContext } from '../../../stack/types';
import { untilRegistryAnswers, withRegistry } from '../images';
import { ensureMirrorFolder, MirrorServer } from './mirror';
import { lazyContext } from '../lazy-context';
import { ensureDevcontainerBase } from './stack';

const root = join(__dirname, '..', '..', '..', '..');
const CLI = join(root, 'node_modules', '@devcontainers', 'cli', 'devcontainer.js');
const VAPP_RELEASE = `github.com/vscode-velocitas/vscode-velocitas/releases/download/v${version}`;

export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  /** What a person sees: all lines, in order. */
  readonly lines: readonly string[];
  /** The lines that the Feature itself wrote, without what the build puts before them, each once. */
  readonly said: readonly string[];
}

/**
 * What the Feature is tested with: a copy of it whose default mirror is a test mirror with the tools of the stack, the
 * devcontainer CLI as it is published, and a folder in which all that belongs to this test lies.
 */
export class FeatureBed {
  private constructor(
    readonly base: string,
    readonly context: StackContext,
    readonly docker: Docker,
    readonly mirror: MirrorServer,
    readonly mirrorFolders: readonly string[],
    readonly image: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** @returns undefined where the engine's containers do not reach this process: then its machine is another one. */
  static async create(): Promise<FeatureBed | undefined> {
    const env = await stackEnvironment();
    const docker = await dockerClient(new Toolbox(env));
    const address = await gatewayHere(docker);
    if (address === undefined) return undefined;
    const context = await lazyContext();
    const base = await realpath(await mkdtemp(join(tmpdir(), 'vapp-feature-')));
    await mkdir(join(base, 'tmp'));
    const image = await ensureDevcontainerBase(context);
    await packVapp(join(base, 'vapp', VAPP_RELEASE));
    const mirrorFolders = [await ensureMirrorFolder(context), join(base, 'vapp')];
    const mirror = await MirrorServer.start(mirrorFolders, address);
    const bed = new FeatureBed(base, context, docker, mirror, mirrorFolders, image, {
      ...env,
      TMPDIR: join(base, 'tmp'),
    });
    await bed.copyProject();
    return bed;
  }

  /** The copy of `devcontainer-feature/`. */
  get project(): string {
    return join(this.base, 'project');
  }

  get feature(): string {
    return join(this.project, 'src', 'velocitas');
  }

  get socket(): string {
    return (this.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock').replace(/^unix:\/\//, '');
  }

  /** A repository with a devcontainer that has the Feature by a local path; returns its folder. */
  async workspace(name: string, options: object, devcontainer: object = {}, from?: string): Promise<string> {
    const folder = join(this.base, name);
    const settings = join(folder, '.devcontainer');
    if (from !== undefined) await cp(from, folder, { recursive: true });
    await cp(this.feature, join(settings, 'velocitas'), { recursive: true });
    await writeFile(
      join(settings, 'devcontainer.json'),
      JSON.stringify({ image: this.image, features: { './velocitas': options }, ...devcontainer }, null, 2),
    );
    // The CLI runs as root here and then leaves the user's number alone, so the files have to be that user's.
    if (process.getuid?.() === 0) await runCommand({ program: 'chown', args: ['-R', '1000:1000', folder] });
    return folder;
  }

  /** The unmodified devcontainer CLI. */
  async cli(args: readonly string[], onLine?: (line: string) => void): Promise<CliResult> {
    const lines: string[] = [];
    const { exitCode, stdout } = await runCommand(
      { program: process.execPath, args: [CLI, ...args], env: this.env, cwd: this.base },
      {
        onLine: (line) => {
          lines.push(line);
          onLine?.(line);
        },
        acceptExitCodes: Array.from({ length: 255 }, (_, code) => code + 1),
      },
    );
    const said = lines.flatMap((line) => /\bvelocitas: .*/.exec(line)?.[0] ?? []);
    return { exitCode, stdout, lines, said: [...new Set(said)] };
  }

  /** Runs a shell script in a container of an image, as root, with the Feature in /feature. */
  async inContainer(
    script: string,
    {
      env = {},
      image = this.image,
      options = [],
    }: { env?: Readonly<Record<string, string>>; image?: string; options?: readonly string[] } = {},
  ): Promise<CliResult> {
    const lines: string[] = [];
    const { exitCode, stdout } = await this.context.toolbox.run(
      'docker',
      [
        'run',
        '--rm',
        `--volume=${this.feature}:/feature:ro`,
        ...Object.entries(env).map(([name, value]) => `--env=${name}=${value}`),
        ...options,
        '--entrypoint=/bin/sh',
        image,
        '-c',
        script,
      ],
      { onLine: (line) => lines.push(line), acceptExitCodes: Array.from({ length: 255 }, (_, code) => code + 1) },
    );
    return { exitCode, stdout, lines, said: lines.filter((line) => line.startsWith('velocitas: ')) };
  }

  /** Whether an official image is in the engine, or could be brought there. */
  async canPull(image: string): Promise<boolean> {
    const host = image.startsWith('mcr.microsoft.com/') ? 'mcr.microsoft.com' : 'registry-1.docker.io';
    if (!this.context.reachable(host)) return false;
    await this.context.toolbox.run('docker', ['pull', '--quiet', image]);
    return true;
  }

  /** A registry of its own, under the one name that the CLI speaks plain HTTP to. */
  withRegistry(use: (registry: string) => Promise<void>): Promise<void> {
    return withRegistry(this.docker, async (registry) => {
      await untilRegistryAnswers(registry);
      await use(registry);
    });
  }

  /** Removes all that the CLI made for this test: containers, their volumes and images, files. */
  async dispose(): Promise<void> {
    await this.mirror.stop();
    await this.removeContainers();
    await rm(this.base, { recursive: true, force: true });
  }

  /** The containers that the CLI made for this test. */
  async containers(): Promise<{ id: string; folder: string }[]> {
    const all = await this.docker.listContainers({ all: true, filters: { label: [FOLDER_LABEL] } });
    return all
      .map(({ Id, Labels }) => ({ id: Id, folder: Labels[FOLDER_LABEL] ?? '' }))
      .filter(({ folder }) => folder.startsWith(this.base));
  }

  async removeContainers(): Promise<void> {
    for (const { id } of await this.containers()) {
      const container = this.docker.getContainer(id);
      const { Config, Mounts } = await container.inspect();
      await container.remove({ force: true, v: true });
      for (const { Name } of Mounts) {
        if (Name?.startsWith('velocitas-docker-')) await this.docker.getVolume(Name).remove();
      }
      await this.removeImages(Config.Image);
    }
  }

  private async removeImages(name: string): Promise<void> {
    if (!name.startsWith('vsc-')) return;
    for (const tag of new Set([name, name.replace(/-uid$/, '')])) {
      await this.docker
        .getImage(tag)
        .remove({ force: true })
        .catch((error: unknown) => {
          if ((error as { statusCode?: number }).statusCode !== 404) throw error;
        });
    }
  }

  private async copyProject(): Promise<void> {
    await cp(join(root, 'devcontainer-feature'), this.project, { recursive: true });
    await editJson(join(this.feature, 'devcontainer-feature.json'), (metadata) => {
      const { options } = metadata as { options: Record<string, { default: string }> };
      options['downloadMirror']!.default = this.mirror.url;
    });
    await editJson(join(this.project, 'test', 'velocitas', 'scenarios.json'), (scenarios) => {
      for (const { mounts = [] } of Object.values(scenarios as Record<string, { mounts?: { source: string }[] }>)) {
        for (const mount of mounts) if (mount.source === '/var/run/docker.sock') mount.source = this.socket;
      }
    });
  }
}

const FOLDER_LABEL = 'devcontainer.local_folder';

/** `vapp` packed as a release has it, in `folder`. */
export async function packVapp(folder: string): Promise<void> {
  await runCommand({ program: process.execPath, args: [join(root, 'package-vapp.mjs'), folder] });
}

/** The address by which containers and builds of the engine reach this process. */
async function gatewayHere(docker: Docker): Promise<string | undefined> {
  const { IPAM } = (await docker.getNetwork('bridge').inspect()) as { IPAM?: { Config?: { Gateway?: string }[] } };
  for (const { Gateway: gateway } of IPAM?.Config ?? []) {
    if (gateway !== undefined && (await isOurs(gateway))) return gateway;
  }
  return undefined;
}

/** Whether an address is one of this machine: an idle bridge is not among the interfaces that Node lists. */
async function isOurs(address: string): Promise<boolean> {
  const server = createServer().listen(0, address);
  try {
    await once(server, 'listening');
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRNOTAVAIL') return false;
    throw error;
  } finally {
    server.close();
  }
}

async function editJson(file: string, edit: (content: unknown) => void): Promise<void> {
  const content: unknown = JSON.parse(await readFile(file, 'utf8'));
  edit(content);
  await writeFile(file, JSON.stringify(content, null, 2));
}
