import { freshLine } from './app';
import type { TestBed } from './bed';
import { Floor, type PeerApp } from './floor';
import { edit, type LoopApp } from './loop-apps';
import { PlainCluster, type PlainClusterOptions } from './plain-cluster';
import type { PlainServices } from './plain-services';
import { run, secondsOf } from './process';
import { secondsUntilLine } from './until-line';
import { Upstream } from './upstream';

/** Seconds of plain commands from no cluster to a line. */
export interface PlainTimes {
  /** One after the other. */
  readonly sum: number;
  /** The longest chain of what must happen one after the other. */
  readonly chain: number;
  /** From `kubectl set image` to the line of a pod whose image the node has but for its last layer. */
  readonly podStart: number;
}

/**
 * Clusters that are made from nothing, ours and the peers'. What was measured is stopped, and deleted in the end only: a
 * file system that has just deleted the files of one cluster is slow at those of the next (ext4 without a journal for
 * minutes, since it does not use their inodes again), so that each would measure what the one before has left.
 */
export class ColdClusters {
  private readonly plain: PlainCluster[] = [];
  private made = 0;

  constructor(private readonly bed: TestBed) {}

  /** Ours: seconds from `vapp run` to the line. */
  async ours(app: LoopApp): Promise<number> {
    const folder = this.bed.folderFor(this.nextName());
    await app.write(folder);
    const line = freshLine();
    await edit(app, folder, line);
    const seconds = await secondsUntilLine(this.bed.vapp(folder, 'run'), line);
    await run(this.bed.vapp(folder, 'stop'));
    return seconds;
  }

  async plainCommands(peer: PeerApp): Promise<PlainTimes> {
    const cluster = this.newPlain();
    const create = await secondsOf(() => cluster.create());
    const floor = new Floor(this.bed, peer, await cluster.runtime());
    const { shown, podStart } = await floor.edit(freshLine());
    const warm = await floor.parts(freshLine());
    await cluster.stop();
    return {
      sum: create + shown,
      chain: Math.max(create, shown - podStart) + podStart,
      podStart: warm.podStart,
    };
  }

  async upstream(peer: PeerApp, services: PlainServices): Promise<number> {
    const cluster = this.newPlain({ loadBalancer: true });
    const create = await secondsOf(() => cluster.create());
    const runtime = await cluster.runtime();
    await services.provide(runtime);
    const install = await secondsOf(() => services.install(runtime));
    const line = await new Upstream(this.bed, peer, runtime).edit(freshLine());
    await cluster.stop();
    return create + install + line;
  }

  /** Deletes those of the peers; ours are deleted with the bed. */
  async delete(): Promise<void> {
    for (const cluster of this.plain) await cluster.delete();
  }

  private newPlain(options: PlainClusterOptions = {}): PlainCluster {
    const cluster = new PlainCluster(this.bed, { ...options, name: `vapp-bench-${this.nextName()}` });
    this.plain.push(cluster);
    return cluster;
  }

  private nextName(): string {
    this.made += 1;
    return `cold-${this.made}`;
  }
}
