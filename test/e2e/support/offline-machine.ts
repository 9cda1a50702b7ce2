import type { Toolbox, CommandResult } from '../../../src/tools';
import { sleep } from '../../../src/base';
import { ensureDevcontainerBase } from './feature/stack';
import { lazyContext } from './lazy-context';
import { vappResult, type VappResult } from './workspace';

const IMAGE = 'vapp-test-offline-machine:latest';
/** Where the bundle lies in the machine, and where its programs are unpacked to. */
const BUNDLE = '/bundle.tar';
const UNPACKED = '/opt/bundle';
/** A folder with less room than a bundle needs. */
export const SMALL_FOLDER = '/small';
/** Where the repository lies in the machine. */
const REPOSITORY = '/workspace/app';

export interface MachineOptions {
  /** Of the container. */
  readonly name: string;
  /** File on this machine. */
  readonly bundle: string;
  /** Folder on this machine that is copied into the other. */
  readonly repository: string;
  readonly imageStore: 'classic' | 'containerd';
}

/** A Docker engine of its own and nothing else: no network, and no program of those that a bundle brings. */
export class OfflineMachine {
  private constructor(
    private readonly tools: Toolbox,
    private readonly name: string,
  ) {}

  /** Its engine keeps images in its own store of old, or in containerd's, as newer releases do. */
  static async start(
    tools: Toolbox,
    { name, bundle, repository, imageStore }: MachineOptions,
  ): Promise<OfflineMachine> {
    const base = await ensureDevcontainerBase(await lazyContext());
    const features = { 'containerd-snapshotter': imageStore === 'containerd' };
    const dockerfile = `FROM ${base}
RUN apt-get update && apt-get install -y --no-install-recommends docker.io && rm -rf /var/lib/apt/lists/*
RUN mkdir -p /etc/docker
`;
    await tools.run('docker', ['build', '--tag', IMAGE, '-'], { stdin: dockerfile });
    const machine = new OfflineMachine(tools, name);
    try {
      await tools.run('docker', [
        ...['run', '--detach', '--privileged', '--network', 'none', '--name', name],
        ...['--volume', `${name}:/var/lib/docker`, '--volume', `${bundle}:${BUNDLE}:ro`],
        ...['--tmpfs', `${SMALL_FOLDER}:size=64m`, IMAGE],
        ...['sh', '-c', 'echo "$1" > /etc/docker/daemon.json && exec dockerd', 'sh', JSON.stringify({ features })],
      ]);
      await machine.run('mkdir', '-p', UNPACKED, REPOSITORY);
      await machine.run('tar', '-xf', BUNDLE, '-C', UNPACKED, '--exclude', 'images/*');
      await tools.run('docker', ['cp', `${repository}/.`, `${name}:${REPOSITORY}`]);
      await machine.engineIsUp();
      return machine;
    } catch (error) {
      await machine.dispose();
      throw error;
    }
  }

  /** Runs a program in the machine. */
  run(...command: string[]): Promise<CommandResult> {
    return this.tools.run('docker', ['exec', '--workdir', '/', this.name, ...command]);
  }

  /** Whether the machine's PATH has a program. */
  async has(program: string): Promise<boolean> {
    const { exitCode } = await this.tools.run(
      'docker',
      ['exec', this.name, 'sh', '-c', 'command -v "$1"', 'sh', program],
      { acceptExitCodes: [127, 1] },
    );
    return exitCode === 0;
  }

  /** Runs the bundle's `vapp` with the bundle's Node, in the repository. */
  async vapp(...args: string[]): Promise<VappResult> {
    const { stdout, stderr, exitCode } = await this.tools.run(
      'docker',
      [
        ...['exec', '--workdir', REPOSITORY, this.name, `${UNPACKED}/node/bin/node`, `${UNPACKED}/vapp/dist/cli.js`],
        ...['--output', 'json', ...args],
      ],
      { acceptExitCodes: [1, 2, 3, 130] },
    );
    return vappResult(args, stdout, stderr, exitCode);
  }

  /** Loads the bundle that the machine was started with. */
  load(): Promise<VappResult> {
    return this.vapp('bundle', 'load', BUNDLE);
  }

  async edit(file: string, from: string, to: string): Promise<void> {
    await this.run('sed', '-i', `s/${from}/${to}/`, `${REPOSITORY}/${file}`);
  }

  async dispose(): Promise<void> {
    await this.tools.run('docker', ['rm', '--force', '--volumes', this.name], { acceptExitCodes: [1] });
    await this.tools.run('docker', ['volume', 'rm', '--force', this.name]);
    // Another machine may be made from it.
    await this.tools.run('docker', ['rmi', IMAGE], { acceptExitCodes: [1] });
  }

  private async engineIsUp(): Promise<void> {
    for (let attempt = 0; attempt < 60; attempt += 1) {
      const { exitCode } = await this.tools.run('docker', ['exec', this.name, `${UNPACKED}/tools/docker`, 'version'], {
        acceptExitCodes: [1],
      });
      if (exitCode === 0) return;
      await sleep(1000);
    }
    const { stdout, stderr } = await this.tools.run('docker', ['logs', '--tail', '20', this.name]);
    throw new Error(`the engine of the machine did not come up: ${stdout}${stderr}`);
  }
}
