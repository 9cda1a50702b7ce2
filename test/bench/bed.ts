import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkspaceStatus } from '../../src/run';
import type { RuntimeStatus } from '../../src/runtime';
import type { Command } from '../../src/tools';
import { writeApp } from './app';
import { run } from './process';

const root = join(__dirname, '..', '..');

/** What measurements run on: a folder of their own, with a home of its own, and `vapp` in it. */
export class TestBed {
  private readonly apps: string[] = [];

  private constructor(
    readonly folder: string,
    readonly env: NodeJS.ProcessEnv,
  ) {}

  static async create(stack: NodeJS.ProcessEnv): Promise<TestBed> {
    const folder = await mkdtemp(join(tmpdir(), 'vapp-bench-'));
    return new TestBed(folder, { ...stack, HOME: folder, XDG_DATA_HOME: join(folder, 'data'), KUBECONFIG: undefined });
  }

  readonly chart = join(root, 'templates', 'charts', 'vehicle-app');
  readonly servicesChart = join(root, 'templates', 'charts', 'runtime-services');

  /** An app in a folder of its own. */
  async app(name: string, line: string): Promise<string> {
    const folder = this.folderFor(name);
    await writeApp(folder, name, line);
    return folder;
  }

  /** The folder of an app that somebody else writes; what it leaves running is deleted in the end. */
  folderFor(name: string): string {
    const folder = join(this.folder, name);
    this.apps.push(folder);
    return folder;
  }

  vapp(folder: string, ...args: string[]): Command {
    return { program: process.execPath, args: [join(root, 'dist', 'cli.js'), '-C', folder, ...args], env: this.env };
  }

  tool(program: string, args: readonly string[], cwd?: string): Command {
    return { program, args, env: this.env, ...(cwd === undefined ? {} : { cwd }) };
  }

  /** The running runtime of an app's folder. */
  async runtime(folder: string): Promise<RuntimeStatus> {
    return (await this.status(folder)).runtime;
  }

  async status(folder: string): Promise<WorkspaceStatus> {
    const output = await run(this.vapp(folder, '--output', 'json', 'status'));
    const last = output.trimEnd().split('\n').at(-1) ?? '';
    return (JSON.parse(last) as { value: WorkspaceStatus }).value;
  }

  /** Deletes what the apps left running, also after a failure in the middle, and what the peers have built. */
  async dispose(): Promise<void> {
    for (const folder of this.apps) {
      const registry = await this.runtime(folder).then(
        (runtime) => runtime.registry?.push,
        // An app that never came to be has no runtime to tell of.
        () => undefined,
      );
      await run(this.vapp(folder, 'delete'));
      if (registry !== undefined) await this.removeImages(registry);
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  /** The peers name their images by the registry; ours are gone by then. */
  private async removeImages(registry: string): Promise<void> {
    const list = ['image', 'ls', '--quiet', '--filter', `reference=${registry}/*`];
    const ids = (await run(this.tool('docker', list))).split('\n').filter(Boolean);
    if (ids.length > 0) await run(this.tool('docker', ['image', 'rm', '--force', ...new Set(ids)]));
  }
}
