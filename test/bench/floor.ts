import { isCancelled } from '../../src/base';
import { followLogs } from '../../src/logs';
import type { RegistryAddress } from '../../src/runtime';
import type { ClusterAccess, Command } from '../../src/tools';
import type { TestBed } from './bed';
import { edit, type LoopApp } from './loop-apps';
import { run, secondsOf } from './process';

/** A cluster and its registry, whoever made them. */
export interface PlainRuntime {
  readonly access: ClusterAccess;
  readonly registry: RegistryAddress;
}

/** An app as the peers bring it into a cluster. */
export interface PeerApp {
  readonly app: LoopApp;
  readonly folder: string;
  /** Values of the chart beside the image. */
  readonly valuesFile: string;
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

/** Seconds that each thing takes that no tool can do without. */
export interface PartTimes {
  /** `docker buildx build` with all that is cached. */
  readonly build: number;
  /** `docker push`: of the layers that changed. */
  readonly push: number;
  /** From `kubectl set image` to the kubelet's record of the line. */
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
    private readonly peer: PeerApp,
    private readonly runtime: PlainRuntime,
    private readonly release = 'floor',
  ) {}

  /** Changes the line and brings it into the cluster; not after {@link parts}, whose change of the image Helm would meet. */
  async edit(line: string): Promise<FloorTimes> {
    const { access } = this.runtime;
    const tag = this.nextTag();
    const started = Date.now();
    await edit(this.peer.app, this.peer.folder, line);
    await run(this.build(tag));
    await run(this.push(tag));
    const pushed = Date.now();
    await run(this.upgrade(tag));
    const recorded = await recordedLine(this.bed, access, this.release, line);
    const shown = Date.now();
    return {
      shown: (shown - started) / 1000,
      recorded: recorded - started / 1000,
      podStart: (shown - pushed) / 1000,
    };
  }

  /** Changes the line and measures each part alone. {@link edit} has been there before. */
  async parts(line: string): Promise<PartTimes> {
    const tag = this.nextTag();
    await edit(this.peer.app, this.peer.folder, line);
    const build = await secondsOf(() => run(this.build(tag)));
    const push = await secondsOf(() => run(this.push(tag)));
    const seen = this.seen(line);
    const started = Date.now();
    await run(this.setImage(tag));
    return { build, push, podStart: (await seen) - started / 1000 };
  }

  private nextTag(): string {
    this.round += 1;
    return `r${this.round}`;
  }

  private get image(): string {
    return `${this.runtime.registry.push}/${this.release}`;
  }

  private build(tag: string): Command {
    const args = ['buildx', 'build', '-q', '--load', '-f', 'app/Dockerfile', '-t', `${this.image}:${tag}`, '.'];
    return this.bed.tool('docker', args, this.peer.folder);
  }

  private push(tag: string): Command {
    return this.bed.tool('docker', ['push', '-q', `${this.image}:${tag}`]);
  }

  private upgrade(tag: string): Command {
    const { access, registry } = this.runtime;
    const image = ['--set', `image.repository=${registry.pull}/${this.release}`, '--set', `image.tag=${tag}`];
    const values = ['--values', this.peer.valuesFile, ...image];
    return this.bed.tool('helm', [
      'upgrade',
      '--install',
      this.release,
      this.bed.chart,
      ...helmCluster(access),
      ...values,
    ]);
  }

  private setImage(tag: string): Command {
    const { access, registry } = this.runtime;
    const image = `*=${registry.pull}/${this.release}:${tag}`;
    return this.bed.tool('kubectl', ['set', 'image', `deployment/${this.release}`, image, ...kubectlCluster(access)]);
  }

  /** When the kubelet records a line, in seconds since the epoch. No process runs meanwhile, which would slow the pod. */
  private async seen(line: string): Promise<number> {
    const signal = AbortSignal.timeout(LIMIT_MS);
    const selectors = [`app.kubernetes.io/instance=${this.release}`];
    const events = followLogs({
      access: this.runtime.access,
      namespace: 'default',
      selectors,
      follow: true,
      signal,
      since: new Date(),
    });
    try {
      for await (const batch of events) {
        for (const event of batch) {
          if (event.type === 'line' && event.line.text.includes(line)) return Date.parse(event.line.timestamp) / 1000;
        }
      }
    } catch (error) {
      if (!isCancelled(error, signal)) throw error;
    }
    throw await this.neverCame(line);
  }

  /** What Kubernetes has to say of it, such as that the node's disk is full. */
  private async neverCame(line: string): Promise<Error> {
    const events = ['get', 'events', '--all-namespaces', '--field-selector', 'type=Warning'];
    const warnings = await run(this.bed.tool('kubectl', [...events, ...kubectlCluster(this.runtime.access)]));
    return new Error(`the line "${line}" never came:\n${warnings}`);
  }
}

const LIMIT_MS = 120_000;

/** The arguments that name a cluster to Helm. */
export function helmCluster({ kubeconfig, context }: ClusterAccess): readonly string[] {
  return ['--kubeconfig', kubeconfig, '--kube-context', context];
}

/** The same to kubectl. */
export function kubectlCluster({ kubeconfig, context }: ClusterAccess): readonly string[] {
  return ['--kubeconfig', kubeconfig, '--context', context];
}

/** Asks `kubectl logs` again and again for a line; answers when the kubelet recorded it, in seconds since the epoch. */
export async function recordedLine(
  bed: TestBed,
  access: ClusterAccess,
  release: string,
  line: string,
): Promise<number> {
  const selector = ['-l', `app.kubernetes.io/instance=${release}`, '--tail', '-1', '--ignore-errors'];
  const command = bed.tool('kubectl', ['logs', ...kubectlCluster(access), '--timestamps', ...selector]);
  const deadline = performance.now() + LIMIT_MS;
  while (performance.now() < deadline) {
    const found = (await run(command)).split('\n').find((entry) => entry.includes(line));
    if (found) return Date.parse(found.slice(0, found.indexOf(' '))) / 1000;
  }
  throw new Error(`the line "${line}" never came`);
}
