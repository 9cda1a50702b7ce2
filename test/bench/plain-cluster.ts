import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_K3S_IMAGE } from '../../src/runtime';
import type { TestBed } from './bed';
import type { PlainRuntime } from './floor';
import { run } from './process';

const NAME = 'vapp-bench-plain';
const REGISTRY = `${NAME}-registry`;

/** A cluster with a registry as k3d makes it when a person asks it to. */
export class PlainCluster {
  /** @param loadBalancer whether k3d puts one before the cluster, as it does unless it is told not to. */
  constructor(
    private readonly bed: TestBed,
    private readonly options: { readonly loadBalancer: boolean } = { loadBalancer: false },
  ) {}

  async create(): Promise<void> {
    await this.k3d(
      'create',
      NAME,
      ...(this.options.loadBalancer ? [] : ['--no-lb']),
      '--image',
      DEFAULT_K3S_IMAGE,
      '--registry-create',
      `${REGISTRY}:127.0.0.1:0`,
      ...['--kubeconfig-update-default=false', '--kubeconfig-switch-context=false'],
    );
  }

  async runtime(): Promise<PlainRuntime> {
    const kubeconfig = join(this.bed.folder, `${NAME}.kubeconfig`);
    await writeFile(kubeconfig, await run(this.bed.tool('k3d', ['kubeconfig', 'get', NAME])), { mode: 0o600 });
    const [address = ''] = (await run(this.bed.tool('docker', ['port', REGISTRY, '5000/tcp']))).trim().split('\n');
    return {
      access: { kubeconfig, context: `k3d-${NAME}` },
      registry: { push: address.replace('127.0.0.1', 'localhost'), pull: `${REGISTRY}:5000` },
    };
  }

  async start(): Promise<void> {
    await this.k3d('start', NAME);
  }

  async stop(): Promise<void> {
    await this.k3d('stop', NAME);
  }

  async delete(): Promise<void> {
    await this.k3d('delete', NAME);
  }

  private async k3d(...args: string[]): Promise<void> {
    // k3d leaves files in its folder for temporary files.
    await run({ ...this.bed.tool('k3d', ['cluster', ...args]), env: { ...this.bed.env, TMPDIR: this.bed.folder } });
  }
}
