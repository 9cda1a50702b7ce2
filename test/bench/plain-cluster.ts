import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_K3S_IMAGE } from '../../src/runtime';
import type { TestBed } from './bed';
import type { PlainRuntime } from './floor';
import { run } from './process';

export interface PlainClusterOptions {
  /** Whether k3d puts one before the cluster, as it does unless it is told not to. Default: false. */
  readonly loadBalancer?: boolean;
  readonly name?: string;
  /** Nodes besides the server. Default: 0. */
  readonly agents?: number;
}

/** A cluster with a registry as k3d makes it when a person asks it to. */
export class PlainCluster {
  private readonly name: string;
  private readonly registry: string;

  constructor(
    private readonly bed: Pick<TestBed, 'folder' | 'env' | 'tool'>,
    private readonly options: PlainClusterOptions = {},
  ) {
    this.name = options.name ?? 'vapp-bench-plain';
    this.registry = `${this.name}-registry`;
  }

  async create(): Promise<void> {
    await this.k3d(
      'create',
      this.name,
      ...(this.options.loadBalancer ? [] : ['--no-lb']),
      ...['--agents', String(this.options.agents ?? 0)],
      '--image',
      DEFAULT_K3S_IMAGE,
      '--registry-create',
      `${this.registry}:127.0.0.1:0`,
      ...['--kubeconfig-update-default=false', '--kubeconfig-switch-context=false'],
    );
  }

  async runtime(): Promise<PlainRuntime> {
    const kubeconfig = join(this.bed.folder, `${this.name}.kubeconfig`);
    await writeFile(kubeconfig, await run(this.bed.tool('k3d', ['kubeconfig', 'get', this.name])), { mode: 0o600 });
    const [address = ''] = (await run(this.bed.tool('docker', ['port', this.registry, '5000/tcp']))).trim().split('\n');
    return {
      access: { kubeconfig, context: `k3d-${this.name}` },
      registry: { push: address.replace('127.0.0.1', 'localhost'), pull: `${this.registry}:5000` },
    };
  }

  async start(): Promise<void> {
    await this.k3d('start', this.name);
  }

  async stop(): Promise<void> {
    await this.k3d('stop', this.name);
  }

  async delete(): Promise<void> {
    await this.k3d('delete', this.name);
  }

  private async k3d(...args: string[]): Promise<void> {
    // k3d leaves files in its folder for temporary files.
    await run({ ...this.bed.tool('k3d', ['cluster', ...args]), env: { ...this.bed.env, TMPDIR: this.bed.folder } });
  }
}
