import type { RegistryAddress } from '../../src/runtime';
import type { ClusterAccess } from '../../src/tools';
import { editApp } from './app';
import type { TestBed } from './bed';
import { run } from './process';

/** A cluster and its registry, whoever made them. */
export interface PlainRuntime {
  readonly access: ClusterAccess;
  readonly registry: RegistryAddress;
}

/** Seconds from an edit, to two ends. */
export interface FloorTimes {
  /** Until `kubectl logs` has shown the line: what a person gets. */
  readonly shown: number;
  /** Until the kubelet recorded it: no tool can be faster than this with these commands. */
  readonly recorded: number;
  /** How much of `shown` the part after the push took: Helm, and the pod's start. */
  readonly podStart: number;
}

/**
 * The floor: what the same steps take as plain commands, one process each, with a cached build — `docker buildx
 * build`, `docker push`, `helm upgrade --install`, then `kubectl logs`, asked again and again until the line is there.
 */
export class Floor {
  private round = 0;

  constructor(
    private readonly bed: TestBed,
    private readonly folder: string,
    private readonly runtime: PlainRuntime,
  ) {}

  /** Changes the line and brings it into the cluster. */
  async edit(line: string): Promise<FloorTimes> {
    const { access, registry } = this.runtime;
    this.round += 1;
    const tag = `r${this.round}`;
    const cluster = ['--kubeconfig', access.kubeconfig, '--kube-context', access.context];
    const started = Date.now();
    await editApp(this.folder, line);
    const image = `${registry.push}/floor`;
    const { bed } = this;
    await run(
      bed.tool(
        'docker',
        ['buildx', 'build', '-q', '--load', '-f', 'app/Dockerfile', '-t', `${image}:${tag}`, '.'],
        this.folder,
      ),
    );
    await run(bed.tool('docker', ['push', '-q', `${image}:${tag}`]));
    const pushed = Date.now();
    const values = ['--set', `image.repository=${registry.pull}/floor`, '--set', `image.tag=${tag}`];
    await run(bed.tool('helm', ['upgrade', '--install', 'floor', bed.chart, ...cluster, ...values]));
    const recorded = await this.recorded(line, access);
    const shown = Date.now();
    return {
      shown: (shown - started) / 1000,
      recorded: recorded - started / 1000,
      podStart: (shown - pushed) / 1000,
    };
  }

  /** Waits for a line; answers when the kubelet recorded it, in seconds since the epoch. */
  private async recorded(line: string, access: ClusterAccess): Promise<number> {
    const args = ['logs', '--kubeconfig', access.kubeconfig, '--context', access.context, '--timestamps'];
    const selector = ['-l', 'app.kubernetes.io/instance=floor', '--tail', '-1', '--ignore-errors'];
    for (let attempt = 0; attempt < 300; attempt += 1) {
      const output = await run(this.bed.tool('kubectl', [...args, ...selector]));
      const found = output.split('\n').find((entry) => entry.includes(line));
      if (found) return Date.parse(found.slice(0, found.indexOf(' '))) / 1000;
    }
    throw new Error(`the line "${line}" never came`);
  }
}
